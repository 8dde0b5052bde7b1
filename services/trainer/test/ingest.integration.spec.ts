import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { DuckDBInstance } from '@duckdb/node-api';
import { type DeadLetter, DeadLetterSchema, type Event as EventMessage } from '@gqr/protos/gqr/events/v1/events';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { BEGIN, click, DAY, impression, MINUTE, toRecord, userQuery } from './events.js';
import { TrainerSite } from './trainer-site.js';

/** Processes start slowly on a machine that does other things. */
const patience = { timeout: 30_000 };
const LONG_MS = 90_000;

/** Rows of each kind in the event store, and how many of them are different. */
async function stored({ eventStore }: TrainerSite): Promise<Record<string, [number, number]>> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const found: Record<string, [number, number]> = {};
  for (const kind of readdirSync(eventStore).filter((name) => !name.startsWith('.'))) {
    const reader = await connection.runAndReadAll(`SELECT COUNT(*), COUNT(DISTINCT log_offset) FROM '${eventStore}/${kind}/*/*.parquet'`);
    const [rows, distinct] = reader.getRows()[0] ?? [];
    found[kind] = [Number(rows), Number(distinct)];
  }
  connection.closeSync();
  return found;
}

async function deadLetters({ log }: TrainerSite): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  const subscription = await log.subscribe({
    group: `test-${String(Math.random())}`,
    topics: ['gqr.dead-letters.v1'],
    maxRecords: 1_000,
    lingerMs: 60_000,
    onError: () => undefined,
    onBatch: async ({ records }) => {
      letters.push(...records.map(({ value }) => fromBinary(DeadLetterSchema, value)));
    },
  });
  await subscription.flush();
  await subscription.close();
  return letters;
}

async function* portions(events: readonly EventMessage[], size: number): AsyncGenerator<{ events: EventMessage[] }> {
  for (let start = 0; start < events.length; start += size) yield { events: events.slice(start, start + size) };
}

const asked = (count: number): EventMessage[] =>
  Array.from({ length: count }, (_, index) =>
    userQuery(`e${String(index)}`, `s${String(index % 50)}`, BEGIN + (index % 2) * DAY, `query ${String(index)}`),
  );

describe('the event log in the event store', () => {
  const site = new TrainerSite({ GQR_INGEST_BATCH: '30', GQR_INGEST_LINGER_SECONDS: '0' });
  afterEach(() => site.end());

  it(
    'is complete and without doubles, though the trainer is killed again and again; what can’t be used is set aside with its reason',
    async () => {
      const good = asked(300).map(toRecord);
      const blank = { topic: 'gqr.user-queries.v1', key: 's', value: Buffer.from([0xff, 0xff, 0xff]), headers: {} };
      const json = '{"eventId":"e-json","sessionId":"s","occurredAt":"2026-11-02T08:00:00Z","query":"tomatoes"}';
      const shown = Array.from({ length: 100 }, (_, index) =>
        toRecord(impression(`i${String(index)}`, BEGIN + index * MINUTE, ['a', 'b'])),
      );
      await site.log.append([
        blank,
        ...good,
        { ...blank, value: Buffer.from(json), headers: { 'content-type': 'application/json' } },
        ...shown,
        toRecord(impression('empty', BEGIN, [])),
        toRecord(click('i1', 1, Date.now() + 30 * DAY)),
      ]);
      for (const life of [100, 300]) {
        await site.start();
        await sleep(life);
        await site.kill();
      }
      await site.start();
      const position = async (topic: string): Promise<number | undefined> => (await site.log.position('trainer', topic)).get(0);
      await expect.poll(() => position('gqr.user-queries.v1'), patience).toBe(302);
      await expect.poll(() => position('gqr.impressions.v1'), patience).toBe(101);
      await expect.poll(() => position('gqr.clicks.v1'), patience).toBe(1);
      expect(await stored(site)).toEqual({ 'user-queries': [301, 301], impressions: [100, 100] });

      // A batch that is taken again may set a message aside again.
      const letters = new Map((await deadLetters(site)).map(({ topic, offset, reason }) => [`${topic} ${String(offset)}`, reason]));
      expect(Object.fromEntries(letters)).toEqual({
        'gqr.user-queries.v1 0': expect.stringMatching(/^it can't be read/) as string,
        'gqr.impressions.v1 100': 'queries: is empty; a list that was not shown is no impression',
        'gqr.clicks.v1 0': expect.stringMatching(/^occurred_at: is more than 1.0 days ahead/) as string,
      });
      expect(site.output()).not.toContain('tomatoes');
    },
    LONG_MS,
  );
});

describe('an event store that cannot be written', () => {
  const site = new TrainerSite();
  afterEach(() => site.end());

  it(
    'fails the run that needs it, with the remedy, and has all events once it can be written again',
    async () => {
      await site.start();
      const inTheWay = join(site.eventStore, 'user-queries');
      mkdirSync(site.eventStore, { recursive: true });
      writeFileSync(inTheWay, '');
      await site.log.append(asked(20).map(toRecord));
      const failed = await site.run('cooccurrence', { minCount: 1 });
      expect(failed.error).toMatch(/^the event log could not be taken into the event store .*start the run again$/);
      expect(await (await fetch(`http://${site.http}/metrics`)).text()).toMatch(/gqr_ingest_failures_total\{service="trainer"\} [1-9]/);
      rmSync(inTheWay);
      await site.log.append(asked(60).slice(20).map(toRecord));
      await expect.poll(async () => (await site.run('cooccurrence', { minCount: 1 })).metrics, patience).toMatchObject({ asked: 60 });
      expect(await stored(site)).toEqual({ 'user-queries': [60, 60] });
    },
    LONG_MS,
  );
});

describe('imported events', () => {
  const site = new TrainerSite({ GQR_INGEST_LINGER_SECONDS: '0' });
  afterEach(() => site.end());

  it(
    'are written once, over calls, restarts and kills, or refused with every fault',
    async () => {
      await site.start();
      const events = [...asked(400), impression('i1', BEGIN, ['a']), click('i1', 1, BEGIN), userQuery('', 's', BEGIN, 'no id')];
      expect(await site.client.validateEvents({ events })).toMatchObject({ faults: [{ index: 402n, field: 'event_id' }] });
      await expect(site.client.validateEvents({ events: [] })).rejects.toMatchObject({ violations: [{ field: 'events' }] });
      const tooMany = Array.from({ length: 1_001 }, () => userQuery('e', 's', BEGIN, 'q'));
      await expect(site.client.importEvents(portions(tooMany, 1_001))).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        violations: [{ field: 'events' }],
      });

      let sent = 0;
      const cutShort = async function* (): AsyncGenerator<{ events: EventMessage[] }> {
        for await (const portion of portions(events, 50)) {
          yield portion;
          if (++sent !== 4) continue;
          await sleep(50);
          await site.kill();
        }
      };
      await expect(site.client.importEvents(cutShort())).rejects.toThrow();
      await site.start();
      const second = await site.client.importEvents(portions(events, 50));
      const third = await site.client.importEvents(portions(events, 300));
      expect(second.imported).toBeGreaterThan(0n);
      expect(second).toMatchObject({ rejected: 1n, faults: [{ index: 402n, field: 'event_id' }] });
      expect(third).toMatchObject({ imported: 0n, rejected: 1n });
      expect((await deadLetters(site)).every(({ topic }) => topic === 'import')).toBe(true);
      const { metrics } = await site.run('cooccurrence', { minCount: 1 });
      expect(metrics).toMatchObject({ asked: 400 });
      expect(await stored(site)).toMatchObject({ impressions: [1, 1], clicks: [1, 1] });
      const exposed = await (await fetch(`http://${site.http}/metrics`)).text();
      expect(exposed).toMatch(/gqr_ingest_events_total\{kind="user-query",outcome="stored",service="trainer"\} [1-9]/);
      expect(exposed).toMatch(/gqr_runs_total\{kind="cooccurrence",state="succeeded",service="trainer"\} 1/);
    },
    LONG_MS,
  );
});
