import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeSenses, readSenses } from './senses-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'senses-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('gives back the words and directions that were written', () => {
  writeFileSync(join(folder, 'senses.bin'), encodeSenses(['bread', 'dough'], Int8Array.from([3, -4, 10, 0]), 2));
  const senses = readSenses(folder);
  expect([...senses.words]).toEqual(['bread', 'dough']);
  const sum = new Float64Array(2);
  expect(senses.addTo(sum, 'bread', 10)).toBe(true);
  expect([...sum]).toEqual([expect.closeTo(6), expect.closeTo(-8)]);
  expect(senses.addTo(sum, 'cheese', 1)).toBe(false);
});

it('knows nothing without a file', () => {
  expect([...readSenses(folder).words]).toEqual([]);
});

it.each([
  ['is cut off', encodeSenses(['bread', 'dough'], Int8Array.from([3, -4, 10, 0]), 2).subarray(0, -1)],
  ['holds something else', Buffer.from('{"words": []}\n')],
  ['is empty', Buffer.alloc(0)],
])('refuses a file that %s, with the remedy', (_, bytes) => {
  writeFileSync(join(folder, 'senses.bin'), bytes);
  expect(() => readSenses(folder)).toThrow(/senses\.bin:1: is no file of senses, or not all of it; make it again with npm run make-senses/);
});
