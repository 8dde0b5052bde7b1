import { expect, it } from 'vitest';
import { normalise } from './normalise.js';

it.each([
  ['  How do I   reset it?? ', 'how do i reset it'],
  ['“ＷＩＦＩ” password!', 'wifi” password'],
  ["what's a C++ pointer", "what's a c++ pointer"],
  ['C#', 'c'],
  ['???', ''],
  ['ǅ', 'dž'],
])('makes %j and its variants the same text', (text, normal) => {
  expect(normalise(text)).toBe(normal);
  expect(normalise(normal)).toBe(normal);
});
