import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeFault } from '../../domain/world/lint-topics.js';
import { WorldError } from '../world-error.js';
import { readTopics, readWorld } from './topic-files.js';

const LAST = 8;

/** A sound topic of eight intents, each leading to the next one; `change` may spoil a line. */
function topicText(id: string, change: (line: string) => string = (line) => line): string {
  const intents = Array.from({ length: LAST }, (_, index) => {
    const n = index + 1;
    return [
      `  - id: intent-${n}`,
      `    need: need ${n}`,
      `    share: ${n}`,
      `    phrasings: [${id} a${n}, ${id} b${n}, ${id} c${n}]`,
      `    concepts: [[word${n}], [${id}]]`,
      `    answer: answer ${n}`,
      n < LAST ? `    next: [{ to: intent-${n + 1}, weight: 1 }]` : '    next: []',
      `    leave: { weight: 1 }`,
    ];
  });
  const lines = [
    `id: ${id}`,
    'domain: cooking',
    'kind: search',
    'title: T',
    'popularity: 3',
    'entities: [e]',
    'intents:',
    ...intents.flat(),
  ];
  return lines.map(change).join('\n');
}

describe('the files of a world', () => {
  let folder: string;
  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, 'topics', name), text);
  const faults = (): string[] => readTopics(folder).faults.map((fault) => describeFault(fault).replace(`${folder}/topics/`, ''));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'world-'));
    mkdirSync(join(folder, 'topics'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('make a world when all is well', () => {
    write('bread.yaml', topicText('bread'));
    expect(readWorld(folder).topics.map(({ id }) => id)).toEqual(['bread']);
  });

  it.each([
    ['a step to an unknown intent', 'intent-3, weight: 1', 'intent-x, weight: 1', 22, 'the intent intent-x is unknown; name one of'],
    ['a weight of zero', '{ to: intent-3, weight: 1 }', '{ to: intent-3, weight: 0 }', 22, 'is not above 0; give a weight above 0'],
    ['a negative share', 'share: 2', 'share: -2', 18, 'is not above 0'],
    ['an unknown topic', 'leave: { weight: 1 }', 'leave: { weight: 1, to: [nowhere] }', 15, 'the topic nowhere is unknown'],
    ['a text that a "#" cuts short', 'need: need 2', 'need: issue  #2', 17, 'ends at a "#"'],
    ['a phrasing used twice', 'bread b2', 'Bread a1!', 19, 'the phrasing "Bread a1!" is also in'],
    ['an intent used twice', 'id: intent-2', 'id: intent-1', 16, 'the id intent-1 is used twice'],
    ['a missing field', 'need: need 2', '# gone', 16, 'intents.1.need: is missing; add a text'],
    ['a misspelt field', 'answer: answer 2', 'anwser: answer 2', 16, 'anwser'],
  ])('are refused for %s, with file, line and remedy', (_, sound, spoilt, line, message) => {
    write(
      'bread.yaml',
      topicText('bread', (each) => each.replace(sound, spoilt)),
    );
    expect(faults().filter((fault) => fault.startsWith(`bread.yaml:${line}: `) && fault.includes(message))).not.toEqual([]);
  });

  it('are refused for a topic of writing where people are sent from a search', () => {
    const facets = Array.from({ length: 6 }, (_, n) => `{id: f${n}, weight: 1, phrasings: [a${n}, b${n}], concepts: [[a]], becomes: c}`);
    const requests = Array.from(
      { length: 6 },
      (_, n) => `  - {id: r${n}, share: 1, phrasings: [x${n}, y${n}, z${n}], draft: d, facets: [${facets.join(', ')}]}`,
    );
    write(
      'notes.yaml',
      ['id: notes', 'domain: d', 'kind: writing', 'title: T', 'popularity: 3', 'entities: [e]', 'requests:', ...requests].join('\n'),
    );
    write('bread.yaml', topicText('bread').replace('leave: { weight: 1 }', 'leave: { weight: 1, to: [notes] }'));
    expect(faults()).toEqual([expect.stringMatching(/^bread\.yaml:15: the topic notes is one of writing.*; name a search topic/)]);
  });

  it('are refused for a circle of transitions, with the transition that closes it', () => {
    write(
      'bread.yaml',
      topicText('bread', (line) => line.replace('to: intent-4', 'to: intent-1')),
    );
    expect(faults()).toEqual([
      expect.stringMatching(/^bread\.yaml:30: .*circle \(intent-1 -> intent-2 -> intent-3 -> intent-1\); remove this transition/),
    ]);
  });

  it('are refused for broken UTF-8, with the line of the first broken byte', () => {
    const bytes = Buffer.from(topicText('bread'));
    bytes[bytes.indexOf('need 2')] = 0xff;
    write('bread.yaml', bytes);
    expect(faults()).toEqual(['bread.yaml:17: is not valid UTF-8; save the file as UTF-8']);
  });

  it('are refused for YAML that cannot be read', () => {
    write(
      'bread.yaml',
      topicText('bread', (line) => line.replace('need 3', 'need: 3')),
    );
    expect(faults()).toEqual([expect.stringMatching(/^bread\.yaml:25: is not YAML .*; mend the indentation/)]);
  });

  it('are refused all together, so that nobody has to mend them one by one', () => {
    write('bread.yaml', topicText('bread').replace('share: 2', 'share: 0').replace('share: 3', 'share: 0'));
    write('cake.yaml', topicText('pie'));
    const load = (): unknown => readWorld(folder);
    expect(load).toThrow(WorldError);
    expect(faults()).toHaveLength(3);
    expect(faults()[2]).toBe('cake.yaml:1: the topic pie is in another file; name the file pie.yaml');
  });
});
