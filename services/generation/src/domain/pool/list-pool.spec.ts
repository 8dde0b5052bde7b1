import { expect, it } from 'vitest';
import { ListPool } from './list-pool.js';

const list = (...queries: string[]): { auxiliaryTexts: Record<string, string>; queries: string[] } => ({ auxiliaryTexts: {}, queries });

it('draws only once it is full', () => {
  const pool = new ListPool({ maxKeys: 10, maxAgeMs: 60_000 });
  pool.add('k', 2, list('a'));
  expect(pool.draw('k', 2, () => 0)).toBeUndefined();
  pool.add('k', 2, list('b'));
  expect(pool.draw('k', 2, () => 0)?.list.queries).toEqual(['a']);
  expect(pool.draw('k', 2, () => 0.99)?.list.queries).toEqual(['b']);
  pool.add('k', 2, list('c'));
  expect(pool.draw('k', 2, () => 0.99)?.list.queries).toEqual(['b']);
});

it('logs the exact propensity of each query, given those before it', () => {
  const pool = new ListPool({ maxKeys: 10, maxAgeMs: 60_000 });
  for (const each of [list('a', 'b'), list('a', 'b'), list('a', 'c'), list('d', 'b')]) pool.add('k', 4, each);
  expect(pool.draw('k', 4, () => 0)?.logPropensities).toEqual([Math.log(3 / 4), Math.log(2 / 3)]);
  expect(pool.draw('k', 4, () => 0.6)?.logPropensities).toEqual([Math.log(3 / 4), Math.log(1 / 3)]);
  expect(pool.draw('k', 4, () => 0.99)?.logPropensities).toEqual([Math.log(1 / 4), Math.log(1)]);
});

it('forgets everything when another policy serves', () => {
  const pool = new ListPool({ maxKeys: 10, maxAgeMs: 60_000 });
  pool.add('k', 1, list('a'));
  pool.clear();
  expect(pool.draw('k', 1, () => 0)).toBeUndefined();
});
