import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseTask, TaskFileError, TaskFiles } from './task-files.js';

const folder = new URL('../../../../tasks/', import.meta.url).pathname;
const good = readFileSync(`${folder}hint.yaml`, 'utf8');

it('reads the three tasks of the paper', () => {
  const tasks = new TaskFiles(folder).list();
  expect(tasks.map(({ id, count, listReward }) => [id, count.default, listReward])).toEqual([
    ['clarification', 8, 'multi'],
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
    /hint\.yaml:\d+: budget\.shorten: must name inputs/,
  ],
  ['no query among its inputs', good.replace('name: query', 'name: persona'), /hint\.yaml:\d+: (budget|inputs)/],
  ['broken YAML', good.replace('count: {', 'count: {{'), /hint\.yaml:\d+: is not YAML/],
])('says file, line and remedy for %s', (_, text, message) => {
  expect(() => parseTask(text, 'hint.yaml')).toThrow(TaskFileError);
  expect(() => parseTask(text, 'hint.yaml')).toThrow(message);
});
