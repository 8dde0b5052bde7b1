import { expect, it } from 'vitest';
import { likenessOf, tellTheSame } from './near-duplicate.js';

const same = (a: string, b: string): boolean => tellTheSame(likenessOf(a), likenessOf(b));

it.each([
  ['how to freeze cooked rice', 'can i freeze cooked rice'],
  ['best running shoes', 'the best running shoe'],
  ['best shoes for running', 'best running shoes'],
  ['remove candle wax from carpet', 'removing candle wax from carpets'],
  ['sourdough starter recipe', 'recipe for a sourdough starter?'],
  ['restaurants in vienna', 'restaurants in viena'],
  ['日本の首都はどこですか', '日本の首都はどこですか?'],
  ['Ünder the bridge', 'under the bridge lyrics'.replace('under', 'ünder').replace(' lyrics', '')],
])('takes %j and %j for the same', (a, b) => {
  expect(same(a, b)).toBe(true);
  expect(same(b, a)).toBe(true);
});

it.each([
  ['how to freeze cooked rice', 'how to reheat cooked rice'],
  ['iphone 15 battery life', 'iphone 16 battery life'],
  ['visa for japan', 'visa for canada'],
  ['why is my sourdough dense', 'when is my sourdough done'],
  ['running shoes', 'running shoes for flat feet'],
  ['monstera yellow leaves', 'monstera brown leaves'],
  ['vegan lasagna', 'lasagna'],
  ['東京の天気', '大阪の天気'],
  ['c++ tutorial', 'c# tutorial'],
])('tells %j from %j', (a, b) => {
  expect(same(a, b)).toBe(false);
});
