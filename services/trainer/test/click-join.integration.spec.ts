import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Traffic, type Event as EventMessage } from '@gqr/protos/gqr/events/v1/events';
import { DuckDbClickJoin } from '../src/adapters/duckdb/duckdb-click-join.js';
import type { JoinRules } from '../src/domain/ctr/click-join.js';
import { BEGIN, click, DAY, impression, MINUTE } from './events.js';
import { duckdb, storeOf } from './stored-events.js';

const { signal } = new AbortController();

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
    const joined = await new DuckDbClickJoin(await storeOf(messages), duckdb).join({ ...rules, ...more }, folder, signal);
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
      answer: 'Plenty of sun.',
    });
    expect(clicksOf('i2')).toEqual([0, 0, 0]);
    expect(clicks).toMatchObject({ joined: 1, late: 1 });
  });

  it('stand beside the answer, the earlier queries and the co-occurrence queries of their impression', async () => {
    const more = { cooccurrenceQueries: ['tomato feed', 'blossom end rot'] };
    const { rows } = await joinAll([impression('i', BEGIN, ['a'], more), click('i', 1, BEGIN + MINUTE)]);
    expect(rows[0]).toMatchObject({
      answer: 'Plenty of sun.',
      history: ['garden'],
      cooccurrence: more.cooccurrenceQueries,
    });
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
    const data = new DuckDbClickJoin(await storeOf(join10), duckdb);
    expect(await data.lastImpressionAt('all', signal)).toBe(BEGIN + 4.5 * DAY);
    expect(await data.lastImpressionAt('live', signal)).toBeUndefined();
  });

  it('are left when the run is cancelled', async () => {
    const data = new DuckDbClickJoin(await storeOf(join10), duckdb);
    await expect(data.join(rules, '/nowhere', AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  });
});
