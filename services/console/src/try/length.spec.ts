import { expect, it } from 'vitest';
import { lengthOf } from './length.js';

it('counts characters, not UTF-16 units', () => {
  expect([lengthOf(''), lengthOf('abc'), lengthOf('é👍')]).toEqual([0, 3, 2]);
});
