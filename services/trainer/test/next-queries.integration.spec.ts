import { describe, expect, it } from 'vitest';
import { QueryOrigin, Traffic, type Event as EventMessage } from '@gqr/protos/gqr/events/v1/events';
import { DuckDbNextQueryData } from '../src/adapters/duckdb/duckdb-next-query-data.js';
import type { CountedQuery, CountingRules } from '../src/domain/cooccurrence/next-query-data.js';
import { BEGIN, DAY, MINUTE, userQuery } from './events.js';
import { duckdb, storeOf } from './stored-events.js';

const { signal } = new AbortController();

describe('next queries', () => {
  const rules: CountingRules = {
    window: { start: BEGIN - DAY, end: BEGIN + 9 * DAY },
    traffic: 'all',
    minCount: 1,
    hubShare: 0.5,
    hubMinimum: 2,
    maxNext: 10,
    maxPopular: 10,
  };
  const count = async (messages: readonly EventMessage[], more: Partial<CountingRules> = {}) =>
    new DuckDbNextQueryData(await storeOf(messages), duckdb).count({ ...rules, ...more }, signal, async ({ totals, popular, queries }) => {
      const next: Record<string, { followed: number; next: readonly CountedQuery[] }> = {};
      for await (const query of queries()) next[query.text] = { followed: query.followed, next: query.next };
      return { totals, popular, next };
    });
  /** A session of typed queries, a minute apart. */
  const session = (id: string, ...queries: string[]): EventMessage[] =>
    queries.map((query, index) => userQuery(`${id}-${String(index)}`, id, BEGIN + index * MINUTE, query));

  it('are the ones that follow directly, by descending count', async () => {
    const { next } = await count([...session('s1', 'a', 'b', 'c'), ...session('s2', 'a', 'b'), ...session('s3', 'a', 'c')]);
    expect(next).toEqual({
      a: {
        followed: 3,
        next: [
          { text: 'b', count: 2 },
          { text: 'c', count: 1 },
        ],
      },
      b: { followed: 1, next: [{ text: 'c', count: 1 }] },
    });
  });

  it('follow in order of time, whatever the order in which events arrived', async () => {
    expect((await count(session('s', 'a', 'b', 'c').reverse())).next).toMatchObject({
      a: { next: [{ text: 'b' }] },
      b: { next: [{ text: 'c' }] },
    });
  });

  it('never cross sessions', async () => {
    expect((await count([...session('s1', 'a'), ...session('s2', 'b')])).next).toEqual({});
  });

  it('count a query once when it is repeated at once, however it is written', async () => {
    const { next, popular } = await count(session('s', 'Tomato blight', 'tomato  blight?', 'copper spray', 'COPPER SPRAY'));
    expect(next).toEqual({ 'Tomato blight': { followed: 1, next: [{ text: 'COPPER SPRAY', count: 1 }] } });
    expect(popular.map((query) => query.count)).toEqual([1, 1]);
  });

  it('are written as they are most often written', async () => {
    const { popular } = await count([...session('s1', 'Blight'), ...session('s2', 'blight?'), ...session('s3', 'blight?')]);
    expect(popular).toEqual([{ text: 'blight?', count: 3 }]);
  });

  it('leave out recommended queries that were clicked, though others may follow those', async () => {
    const [a, b, c] = session('s', 'a', 'b', 'c') as [EventMessage, EventMessage, EventMessage];
    const clicked = userQuery('s-1', 's', BEGIN + MINUTE, 'b', { origin: QueryOrigin.RECOMMENDATION });
    const { next, popular } = await count([a, clicked, c]);
    expect(next).toEqual({ b: { followed: 1, next: [{ text: 'c', count: 1 }] } });
    expect(popular.map(({ text }) => text)).toEqual(['a', 'c']);
    expect((await count([a, b, c])).next).toHaveProperty('a');
  });

  it('count an event once that was delivered twice', async () => {
    const events = session('s', 'a', 'b');
    expect(await count([...events, ...events])).toMatchObject({ totals: { asked: { simulated: 2 } }, next: { a: { followed: 1 } } });
  });

  it('leave out rare pairs but keep their part of the whole', async () => {
    const { next, totals } = await count([...session('s1', 'a', 'b'), ...session('s2', 'a', 'b'), ...session('s3', 'a', 'c')], {
      minCount: 2,
    });
    expect(next).toEqual({ a: { followed: 3, next: [{ text: 'b', count: 2 }] } });
    expect(totals.rarePairs).toBe(1);
  });

  it('leave out hubs: queries that follow more than a share of all queries', async () => {
    const events = ['a', 'b', 'c'].flatMap((query) => session(`s-${query}`, query, 'weather', `${query} again`));
    const { next, totals, popular } = await count(events);
    expect(totals.hubs).toBe(1);
    expect(Object.values(next).flatMap((each) => each.next.map(({ text }) => text))).not.toContain('weather');
    expect(popular.map(({ text }) => text)).not.toContain('weather');
    expect((await count(events, { hubMinimum: 3 })).totals.hubs).toBe(0);
  });

  it('keep no more than asked for', async () => {
    const events = ['b', 'c', 'd'].flatMap((query) => session(`s-${query}`, 'a', query));
    const { next, popular } = await count(events, { maxNext: 2, maxPopular: 1 });
    expect(next['a']).toEqual({
      followed: 3,
      next: [
        { text: 'b', count: 1 },
        { text: 'c', count: 1 },
      ],
    });
    expect(popular).toEqual([{ text: 'a', count: 3 }]);
  });

  it('come from the window and the traffic that were asked for', async () => {
    const live = { traffic: Traffic.LIVE };
    const events = [
      userQuery('1', 's', BEGIN, 'a', live),
      userQuery('2', 's', BEGIN + 1, 'b', live),
      userQuery('3', 'old', BEGIN - 3 * DAY, 'x', live),
      userQuery('4', 'old', BEGIN - 3 * DAY + 1, 'y', live),
      ...session('simulated', 'v', 'w'),
    ];
    expect(Object.keys((await count(events, { traffic: 'live' })).next)).toEqual(['a']);
    expect(Object.keys((await count(events, { traffic: 'simulated' })).next)).toEqual(['v']);
  });

  it('know nothing of queries that are punctuation alone, and nothing of an empty log', async () => {
    expect((await count(session('s', '???', 'a'))).popular).toEqual([{ text: 'a', count: 1 }]);
    expect(await count([])).toEqual({
      totals: { sessions: 0, asked: { live: 0, simulated: 0 }, hubs: 0, rarePairs: 0 },
      popular: [],
      next: {},
    });
  });
});
