import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QueryOrigin, Traffic, type Event as EventMessage } from '@gqr/protos/gqr/events/v1/events';
import { DuckDb } from '../src/adapters/duckdb/duckdb.js';
import { DuckDbClickData } from '../src/adapters/duckdb/duckdb-click-data.js';
import { DuckDbNextQueryData } from '../src/adapters/duckdb/duckdb-next-query-data.js';
import { ParquetEventStore } from '../src/adapters/duckdb/parquet-event-store.js';
import { fromEventMessage } from '../src/adapters/protobuf/event-codec.js';
import type { CountedQuery, CountingRules } from '../src/domain/cooccurrence/next-query-data.js';
import type { JoinRules } from '../src/domain/ctr/click-data.js';
import { eventKinds } from '../src/domain/events/event.js';
import { BEGIN, click, DAY, impression, MINUTE, userQuery } from './events.js';

const { signal } = new AbortController();
const duckdb = new DuckDb({ memoryLimit: '256MB', threads: 1, temporaryFolder: mkdtempSync(join(tmpdir(), 'gqr-duckdb-')) });

/** An event store that holds these events, in this order. */
async function storeOf(messages: readonly EventMessage[]): Promise<ParquetEventStore> {
  const store = new ParquetEventStore(mkdtempSync(join(tmpdir(), 'gqr-events-')), duckdb);
  const events = messages.flatMap((message) => fromEventMessage(message)?.event ?? []);
  for (const kind of eventKinds) {
    const stored = events.map((event, offset) => ({ offset, event })).filter(({ event }) => event.kind === kind);
    await store.write({ kind, topic: kind, partition: 0, firstOffset: 0, lastOffset: events.length, events: stored });
  }
  return store;
}

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

describe('clicks', () => {
  const rules: JoinRules = {
    window: { start: BEGIN - DAY, end: BEGIN + 9 * DAY },
    traffic: 'all',
    attributionMs: 30 * MINUTE,
    trainFraction: 0.6,
    validationFraction: 0.2,
  };
  const join10 = Array.from({ length: 10 }, (_, index) => impression(`i${String(index)}`, BEGIN + (index * DAY) / 2, ['a', 'b', 'c']));
  const joinAll = async (messages: readonly EventMessage[], more: Partial<JoinRules> = {}) => {
    const folder = mkdtempSync(join(tmpdir(), 'gqr-join-'));
    const joined = await new DuckDbClickData(await storeOf(messages), duckdb).join({ ...rules, ...more }, folder, signal);
    const rows = await duckdb.use(async (connection) => {
      const reader = await connection.runAndReadAll(`SELECT * FROM '${folder}/*.parquet' ORDER BY occurred_at, impression_id`);
      return reader.getRowObjectsJS() as { impression_id: string; clicks: number[]; queries: string[]; occurred_at: Date }[];
    });
    return { ...joined, rows, clicksOf: (id: string) => rows.find((row) => row.impression_id === id)?.clicks };
  };

  it('belong to their impression when they come within the attribution window', async () => {
    const { clicksOf, clicks, rows } = await joinAll([
      ...join10,
      click('i1', 2, BEGIN + DAY / 2 + 30 * MINUTE),
      click('i2', 1, BEGIN + DAY + 30 * MINUTE + 1),
    ]);
    expect(rows).toHaveLength(10);
    expect(rows[1]).toMatchObject({
      impression_id: 'i1',
      task_id: 'suggestion',
      query: 'how to grow tomatoes',
      queries: ['a', 'b', 'c'],
      clicks: [0, 1, 0],
    });
    expect(clicksOf('i2')).toEqual([0, 0, 0]);
    expect(clicks).toMatchObject({ joined: 1, late: 1 });
  });

  it('count once, however often they were sent or made', async () => {
    const at = BEGIN + MINUTE;
    const { clicksOf, clicks } = await joinAll([
      ...join10,
      click('i0', 1, at),
      click('i0', 1, at),
      click('i0', 1, at + 40 * MINUTE),
      click('i0', 3, at),
    ]);
    expect(clicksOf('i0')).toEqual([1, 0, 1]);
    expect(clicks).toEqual({ joined: 2, late: 0, early: 0, orphan: 0, misplaced: 0, duplicate: 2 });
  });

  it('are counted when they belong nowhere', async () => {
    const { clicks } = await joinAll([...join10, click('unknown', 1, BEGIN), click('i0', 9, BEGIN), click('i1', 1, BEGIN)]);
    expect(clicks).toEqual({ joined: 0, late: 0, early: 1, orphan: 1, misplaced: 1, duplicate: 0 });
  });

  it('may seem to come a little before their impression, for clocks differ', async () => {
    expect((await joinAll([...join10, click('i0', 1, BEGIN - 50_000)])).clicks).toMatchObject({ joined: 1, early: 0 });
  });

  it('find their impression once, though it was delivered twice', async () => {
    const { rows, slices } = await joinAll([...join10, ...join10, click('i0', 1, BEGIN)]);
    expect(rows).toHaveLength(10);
    expect(slices.train).toMatchObject({ impressions: 6, clicked: 1 });
  });

  it('are parted by time: what is tested on comes after all that is trained on', async () => {
    const { slices } = await joinAll(join10);
    expect([slices.train.impressions, slices.validation.impressions, slices.test.impressions]).toEqual([6, 2, 2]);
    const span = (file: string): Promise<unknown> =>
      duckdb.use(async (connection) =>
        (await connection.runAndReadAll(`SELECT list(impression_id ORDER BY occurred_at) AS ids FROM '${file}'`)).getRowObjectsJS(),
      );
    expect(await span(slices.validation.file)).toEqual([{ ids: ['i6', 'i7'] }]);
    expect(await span(slices.test.file)).toEqual([{ ids: ['i8', 'i9'] }]);
  });

  it('of one moment stay in one slice', async () => {
    const { slices } = await joinAll(Array.from({ length: 10 }, (_, index) => impression(`i${String(index)}`, BEGIN, ['a'])));
    expect([slices.train.impressions, slices.validation.impressions, slices.test.impressions]).toEqual([0, 0, 10]);
  });

  it('come from the traffic that was asked for', async () => {
    const live = impression('live', BEGIN, ['a'], { traffic: Traffic.LIVE });
    const { rows, traffic, clicks } = await joinAll([...join10, live, click('i0', 1, BEGIN)], { traffic: 'live' });
    expect(rows.map((row) => row.impression_id)).toEqual(['live']);
    expect(traffic).toEqual({ live: 1, simulated: 0 });
    expect(clicks).toMatchObject({ joined: 0, orphan: 0 });
  });

  it('tell when the last impression was shown', async () => {
    const data = new DuckDbClickData(await storeOf(join10), duckdb);
    expect(await data.lastImpressionAt('all', signal)).toBe(BEGIN + 4.5 * DAY);
    expect(await data.lastImpressionAt('live', signal)).toBeUndefined();
  });

  it('are left when the run is cancelled', async () => {
    const data = new DuckDbClickData(await storeOf(join10), duckdb);
    await expect(data.join(rules, '/nowhere', AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  });
});
