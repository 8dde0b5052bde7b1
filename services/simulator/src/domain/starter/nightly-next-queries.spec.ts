import { expect, it } from 'vitest';
import { NightlyNextQueries } from './nightly-next-queries.js';

const hours = (day: number, hour: number): number => Date.UTC(2026, 10, day, hour);

/** Sessions that typed `query` and then `next`. */
function typed(index: NightlyNextQueries, at: number, pairs: readonly [string, string][], lastTyped = true): void {
  for (const [number, [query, next]] of pairs.entries()) {
    const sessionId = `${at}-${number}`;
    index.add({ sessionId, query, typed: true, at });
    index.add({ sessionId, query: next, typed: lastTyped, at });
  }
}

it('tells what was typed next on the days before, most frequent first, however the query is written', () => {
  const index = new NightlyNextQueries(1);
  typed(index, hours(1, 9), [
    ['rice', 'soup'],
    ['rice', 'Beans'],
    [' Rice?', 'beans'],
    ['rice', 'Beans'],
  ]);
  expect(index.after('RICE', hours(2, 0), 8)).toEqual(['Beans', 'soup']);
  expect(index.after('rice', hours(2, 0), 1)).toEqual(['Beans']);
});

it('knows nothing of the day that is asked about, not even of its first hour', () => {
  const index = new NightlyNextQueries(1);
  typed(index, hours(1, 0), [['rice', 'soup']]);
  expect(index.after('rice', hours(1, 23), 8)).toEqual([]);
  expect(index.after('rice', hours(2, 0), 8)).toEqual(['soup']);
  typed(index, hours(2, 1), [['rice', 'beans']]);
  expect(index.after('rice', hours(2, 23), 8)).toEqual(['soup']);
  expect(index.after('rice', hours(3, 0), 8)).toEqual(['beans', 'soup']);
});

it('counts a session over midnight on the day of its second query', () => {
  const index = new NightlyNextQueries(1);
  index.add({ sessionId: 's', query: 'rice', typed: true, at: hours(1, 23) });
  index.add({ sessionId: 's', query: 'soup', typed: true, at: hours(2, 0) });
  expect(index.after('rice', hours(2, 5), 8)).toEqual([]);
  expect(index.after('rice', hours(3, 5), 8)).toEqual(['soup']);
});

it('leaves out what was clicked, what was repeated, what is rare and what follows everything', () => {
  const index = new NightlyNextQueries(2);
  typed(index, hours(1, 1), [['rice', 'clicked']], false);
  typed(index, hours(1, 2), [['rice', 'rice'], ['rice', 'rare'], ['rice', 'soup'], ['rice', 'soup']]);
  for (let number = 0; number < 30; number++) typed(index, hours(1, 3), [[`query ${number}`, 'weather'], ['rice', 'weather']]);
  expect(index.after('rice', hours(2, 0), 8)).toEqual(['soup']);
  expect(index.after('query 1', hours(2, 0), 8)).toEqual([]);
});
