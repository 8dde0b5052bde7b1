import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TaskFileError } from '../../domain/tasks/task-fault.js';
import { parseTask } from './parse-task.js';
import { TaskFiles } from './task-files.js';

const folder = new URL('../../../../tasks/', import.meta.url).pathname;
const good = readFileSync(`${folder}hint.yaml`, 'utf8');

/** The task files in a folder of their own. */
function copy(): string {
  const files = mkdtempSync(join(tmpdir(), 'gqr-tasks-'));
  onTestFinished(() => {
    rmSync(files, { recursive: true });
  });
  cpSync(folder, files, { recursive: true });
  return files;
}

it('reads the three tasks of the paper, and completion', () => {
  const tasks = new TaskFiles(folder).list();
  expect(tasks.map(({ id, count, listReward }) => [id, count.default, listReward])).toEqual([
    ['clarification', 8, 'multi'],
    ['completion', 5, 'single'],
    ['hint', 1, 'single'],
    ['suggestion', 3, 'multi'],
  ]);
  expect(tasks[0]?.auxiliaryTexts.map(({ name }) => name)).toEqual(['guiding_sentence', 'prefix', 'suffix']);
});

it('gives a task another prompt version when its content changes, not when a comment does', () => {
  const version = parseTask(good, 'hint.yaml').promptVersion;
  expect(parseTask(`# a comment\n${good}`, 'hint.yaml').promptVersion).toBe(version);
  expect(parseTask(good.replace('Earlier queries', 'Before'), 'hint.yaml').promptVersion).not.toBe(version);
});

it.each([
  ['an unknown field', good.replace('list_reward', 'list_rewards'), /hint\.yaml:\d+: list_reward/],
  ['a number out of range', good.replace('temperature: 0.7', 'temperature: 7'), /hint\.yaml:17: decoding\.temperature/],
  [
    'a section that is shortened but not there',
    good.replace('shorten: [cooccurrence', 'shorten: [nonsense'),
    /hint\.yaml:\d+: budget\.shorten\.0: must name an input of this task: history, query/,
  ],
  ['no query among its inputs', good.replace('name: query', 'name: persona'), /hint\.yaml:\d+: (budget|inputs)/],
  ['broken YAML', good.replace('count: {', 'count: {{'), /hint\.yaml:\d+: is not YAML/],
])('says file, line and remedy for %s', (_, text, message) => {
  expect(() => parseTask(text, 'hint.yaml')).toThrow(TaskFileError);
  expect(() => parseTask(text, 'hint.yaml')).toThrow(message);
});

it.each([
  [
    'a field that is misspelt',
    good.replace('top_p', 'topP'),
    'hint.yaml:17: decoding.topP: is no field of a task file; did you mean "top_p"?',
  ],
  [
    'a field that is missing',
    good.replace(/^list_reward.*\n/m, ''),
    'hint.yaml:2: list_reward: is missing; it must be one of: multi, single',
  ],
  ['a text where a number belongs', good.replace('max: 4', 'max: four'), 'hint.yaml:7: count.max: must be of type'],
  [
    'an instruction that does not say how many',
    good.replace('{count}', 'some'),
    'instruction: must say "{count}" where the number of queries stands',
  ],
  [
    'a label that is a heading of the template',
    good.replace('label: Query', 'label: Inputs'),
    'hint.yaml:10: inputs.1.label: is a heading of the template',
  ],
  [
    'two inputs with one label',
    good.replace('label: Answer', 'label: Query'),
    'hint.yaml:11: inputs.2.label: is the label of another input too',
  ],
  [
    'inputs that never give way and never fit',
    good.replace('shorten: [cooccurrence, response, history, query]', 'shorten: [query]'),
    'budget.tokens: is less than the 288 tokens',
  ],
])('says where the fault is and what to do for %s', (_, text, message) => {
  expect(() => parseTask(text, 'hint.yaml')).toThrow(message);
});

it('tells of every fault of every file at once', () => {
  const files = copy();
  writeFileSync(join(files, 'a.yaml'), good.replace('max: 4', 'max: 0').replace('temperature: 0.7', 'temperature: 7'));
  writeFileSync(join(files, 'b.yaml'), 'id: [');
  const read = (): unknown => new TaskFiles(files);
  expect(read).toThrow(/a\.yaml:7: count\.max: is too small; it must be above 0/);
  expect(read).toThrow(/a\.yaml:17: decoding\.temperature: is too large; it must be at most 2/);
  expect(read).toThrow(/b\.yaml:1: is not YAML/);
});

describe('a folder that is watched', () => {
  const watched = () => {
    const files = copy();
    const tasks = new TaskFiles(files);
    const events: string[] = [];
    const stop = tasks.watch({
      everyMs: 5,
      prepare: (added) => {
        events.push(`prepare ${added.map(({ id }) => id).join()} while ${String(tasks.list().length)} are there`);
        return Promise.resolve();
      },
      onChange: (changed) => events.push(`change ${changed.map(({ id }) => id).join()}`),
      onFault: (error) => events.push(error.message.replace(files, '')),
    });
    onTestFinished(stop);
    return { files, tasks, events };
  };

  it('takes a new file over once what it needs is ready', async () => {
    const { files, tasks, events } = watched();
    writeFileSync(join(files, 'mine.yaml'), good.replace('id: hint', 'id: mine'));
    await vi.waitFor(() => {
      expect(events).toContain('change mine');
    });
    expect(events[0]).toBe('prepare mine while 4 are there');
    expect(tasks.get('mine').id).toBe('mine');
  });

  it('takes changes over, and forgets a task whose file is gone', async () => {
    const { files, tasks, events } = watched();
    const before = tasks.get('hint').promptVersion;
    writeFileSync(join(files, 'hint.yaml'), good.replace('Earlier queries', 'Before'));
    await vi.waitFor(() => {
      expect(tasks.get('hint').promptVersion).not.toBe(before);
    });
    rmSync(join(files, 'completion.yaml'));
    await vi.waitFor(() => {
      expect(() => tasks.get('completion')).toThrow('there is no task');
    });
    expect(events).toEqual(['change hint', 'change ']);
  });

  it('keeps a task as it was while its file is faulty', async () => {
    const { files, tasks, events } = watched();
    const before = tasks.get('hint');
    writeFileSync(join(files, 'hint.yaml'), good.replace('temperature: 0.7', 'temperature: 7'));
    await vi.waitFor(() => {
      expect(events).toEqual(['/hint.yaml:17: decoding.temperature: is too large; it must be at most 2']);
    });
    expect(tasks.get('hint')).toBe(before);
  });
});
