import { expect, it } from 'vitest';
import type { LineRule } from '../grammar/line-rule.js';
import { draw, outcomesBehind } from './draw.js';
import type { Vocabulary } from './token-model.js';

const PIECES = ['', ' f', ' fr', ' freeze', ' fry', ' x', '\n', 'how to', 'ee'];
const vocabulary: Vocabulary = {
  encode: () => [],
  encodeWithMarkers: () => [],
  decode: (tokens) => tokens.map((token) => PIECES[token] ?? '').join(''),
  endOfText: 0,
  isMarker: (token) => token === 0,
};
const rule: LineRule = { afterHead: false, mayBeEmpty: false, beginning: 'how to fr', maxCharacters: 40, maxWords: 9, excluded: new Set() };
const distribution = PIECES.map((_, token) => ({ token, probability: token === 3 ? 0.02 : token === 4 ? 0.06 : 0.1 }));
const outcomes = (pieces: readonly string[], beginning: string) =>
  outcomesBehind(
    pieces.map((piece) => PIECES.indexOf(piece)),
    distribution,
    vocabulary,
    { ...rule, beginning },
    new Set(),
  ).map(({ token, probability }) => [token === undefined ? 'end' : PIECES[token], Number(probability.toFixed(6))]);

it('takes all ways to end a line for one outcome', () => {
  expect(outcomes(['how to', ' freeze'], '')).toContainEqual(['end', Number((0.2 / 0.78).toFixed(6))]);
});

it('completes a beginning by tokens that reach beyond it, where there are any', () => {
  expect(outcomes(['how to'], 'how to fr')).toEqual([
    [' freeze', 0.25],
    [' fry', 0.75],
  ]);
});

it('spells a beginning that no token reaches beyond', () => {
  expect(outcomes(['how to'], 'how to frxy')).toEqual([
    [' f', 0.5],
    [' fr', 0.5],
  ]);
});

it('draws by probability, and always the likeliest if greedy', () => {
  const pair = [
    { token: 1, probability: 0.25 },
    { token: undefined, probability: 0.75 },
  ];
  expect(draw(pair, () => 0.2, false)).toEqual(pair[0]);
  expect(draw(pair, () => 0.3, false)).toEqual(pair[1]);
  expect(draw(pair, () => 0.2, true)).toEqual({ token: undefined, probability: 1 });
  expect(draw([], () => 0.2, false)).toBeUndefined();
});
