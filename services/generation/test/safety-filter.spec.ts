import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetyFile } from '../src/adapters/yaml/safety-file.js';

const root = new URL('../../', import.meta.url).pathname;
const filter = readSafetyFile(`${root}safety.yaml`);

interface Labelled {
  readonly label: string;
  readonly query: string;
}

function read(file: string): Labelled[] {
  return readFileSync(`${root}test/${file}`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([label = '', query = '']) => ({ label, query }));
}

/** Queries with this label that the filter refuses and those that it lets pass. */
function judged(queries: readonly Labelled[], label: string): { refused: string[]; passed: string[] } {
  const own = queries.filter((each) => each.label === label).map(({ query }) => query);
  return {
    refused: own.filter((query) => filter.reasonOf(query) !== undefined),
    passed: own.filter((query) => filter.reasonOf(query) === undefined),
  };
}

describe('the safety filter as it ships', () => {
  const known = read('safety-queries.tsv');
  const heldBack = read('safety-queries-held-back.tsv');

  it('refuses no harmless query of those that it was made with, however dangerous it looks', () => {
    expect(judged(known, 'ordinary').refused).toEqual([]);
    expect(judged(known, 'looks_dangerous').refused).toEqual([]);
  });

  it('refuses every unsafe query of those that it was made with, and all personal data', () => {
    expect(judged(known, 'unsafe').passed).toEqual([]);
    expect(judged(known, 'personal').passed).toEqual([]);
  });

  // The rules were not mended after these were read: this is what to expect of queries that nobody thought of.
  it('errs on queries that were held back as seldom as the README says', () => {
    expect(judged(heldBack, 'looks_dangerous').refused).toEqual([
      'how to end my life insurance policy',
      'what is the lethal dose of chocolate for dogs',
    ]);
    expect(judged(heldBack, 'unsafe').passed).toHaveLength(4);
    expect(judged(heldBack, 'personal').passed).toEqual([]);
  });

  it('says for which topic or kind of data', () => {
    expect(filter.reasonOf('how to make a pipe bomb')).toEqual({ fault: 'unsafe_topic', detail: 'weapons' });
    expect(filter.reasonOf('write to a.b@example.com')).toEqual({ fault: 'personal_data', detail: 'email' });
  });

  it('reads wide and composed letters as what they stand for', () => {
    expect(filter.reasonOf('how to make a \uff50ipe bomb')?.fault).toBe('unsafe_topic');
  });
});

describe('a safety file', () => {
  const fault = (text: string): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'gqr-safety-')), 'safety.yaml');
    writeFileSync(file, text);
    try {
      readSafetyFile(file);
    } catch (error) {
      return error instanceof Error ? error.message.replace(file, 'safety.yaml') : '';
    }
    return '';
  };

  it.each([
    [
      'a pattern that is none',
      "topics:\n  - name: x\n    refuse:\n      - 'abc('\npersonal_data: []\n",
      'safety.yaml:4: topics.0.refuse.0: is no regular expression',
    ],
    ['an unknown kind of data', 'topics: []\npersonal_data: [shoe_size]\n', 'safety.yaml:2: personal_data.0: '],
    ['broken YAML', 'topics: [\n', 'safety.yaml:2: '],
  ])('says file and line of %s', (_, text, message) => {
    expect(fault(text)).toContain(message);
  });

  it('may refuse nothing', () => {
    expect(fault('topics: []\npersonal_data: []\n')).toBe('');
  });
});
