import { expect, it } from 'vitest';
import { type Turn, withRecentHistory } from './context.js';

const context = (history: readonly Turn[]) => ({ query: 'q', response: '', history, sideInformation: {} });
const turns = (count: number, responseLength: number): Turn[] =>
  Array.from({ length: count }, (_, index) => ({ query: String(index), response: 'x'.repeat(responseLength) }));

it('keeps a short history whole and in order', () => {
  expect(withRecentHistory(context(turns(3, 100))).history.map((turn) => turn.query)).toEqual(['0', '1', '2']);
});

it('keeps the 50 newest turns', () => {
  const kept = withRecentHistory(context(turns(200, 10))).history;
  expect([kept.length, kept[0]?.query, kept.at(-1)?.query]).toEqual([50, '150', '199']);
});

it('keeps as many of the newest turns as 64,000 characters hold', () => {
  expect(withRecentHistory(context(turns(10, 20_000))).history.map((turn) => turn.query)).toEqual(['7', '8', '9']);
});
