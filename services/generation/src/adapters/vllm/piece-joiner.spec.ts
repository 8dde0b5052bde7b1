import { expect, it } from 'vitest';
import { PieceJoiner } from './piece-joiner.js';

it('keeps what is within a line, and gives it with the token that ends the line', () => {
  const pieces = new PieceJoiner();
  expect(pieces.join('can i', 2, undefined)).toBeUndefined();
  expect(pieces.join(' freeze', 1, undefined)).toBeUndefined();
  expect(pieces.join(' rice\nhow', 2, undefined)).toEqual({ text: 'can i freeze rice\nhow', tokens: 5 });
  expect(pieces.join(' long', 1, undefined)).toBeUndefined();
  expect(pieces.join('', 0, 'whole')).toEqual({ text: ' long', tokens: 1, end: 'whole' });
});
