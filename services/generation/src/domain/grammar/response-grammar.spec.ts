import { expect, it } from 'vitest';
import type { LineRule } from './line-rule.js';
import { regexOf, type ResponseLine } from './response-grammar.js';

const query: LineRule = { afterHead: false, mayBeEmpty: false, beginning: '', maxCharacters: 20, maxWords: 4, excluded: new Set() };
const guide: ResponseLine = { head: 'Guide (a):', rule: { ...query, afterHead: true } };
const suffix: ResponseLine = { head: 'Suffix:', rule: { ...query, afterHead: true, mayBeEmpty: true } };
const line: ResponseLine = { head: '', rule: query };
const matches = (text: string, lines: readonly ResponseLine[], ends = true): boolean =>
  new RegExp(`^(?:${regexOf(lines, ends)})$`, 'u').test(text);

it('is exactly the lines in their order', () => {
  expect(matches('Guide (a): How?\nSuffix:\none two\n3d printer', [guide, suffix, line, line])).toBe(true);
  expect(matches('Guide (a): How?\nSuffix: now\none two', [guide, suffix, line])).toBe(true);
  expect(matches('Guide (a): How?\none', [guide, suffix, line])).toBe(false);
  expect(matches('Guide (a):\nSuffix:\none', [guide, suffix, line])).toBe(false);
  expect(matches('one\ntwo', [line])).toBe(false);
});

it('holds the separator of the last line where the response goes on', () => {
  expect(matches('one\n', [line], false)).toBe(true);
  expect(matches('one', [line], false)).toBe(false);
});

it.each(['- one', '"one"', ' one', 'one  two', 'one|two', 'one ', 'a\u200bb', 'a\u202eb', '*', '', '。', '«a', 'x'.repeat(21)])(
  'keeps %j out',
  (text) => {
    expect(matches(text, [line])).toBe(false);
  },
);

it.each(['was heißt das?', '日本語で', 'Ünder', 'c++ & r', 'что такое', '3 x 4'])('lets %j in', (text) => {
  expect(matches(text, [line])).toBe(true);
});

it('goes beyond the beginning of a query that it completes', () => {
  const completion: ResponseLine = { head: '', rule: { ...query, beginning: 'c++ fo' } };
  expect(matches('c++ for kids', [completion])).toBe(true);
  expect(matches('c++ fo', [completion])).toBe(false);
  expect(matches('cxx for kids', [completion])).toBe(false);
});
