import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LoggedRecord, NewRecord } from '../src/event-log/event-log.js';

const record = (topic: string, key: string, text: string): NewRecord => ({
  topic,
  key,
  value: Buffer.from(text),
  headers: { 'content-type': 'text/plain' },
});
const texts = (records: readonly LoggedRecord[]): string[] => records.map((each) => Buffer.from(each.value).toString());
const ignore = (): void => undefined;

/** What every event log does, whatever it is made of. `reopen` opens the same log again; absent where nothing is kept. */
export function eventLogContract(name: string, open: () => Promise<EventLog>, reopen?: () => Promise<EventLog>): void {
  describe(`${name} as an event log`, () => {
    let log: EventLog;
    beforeEach(async () => {
      log = await open();
    });
    afterEach(async () => {
      await log.close().catch(ignore);
    });

    it('delivers records in the order in which they were appended, with key, headers and consecutive offsets', async () => {
      await log.append([record('a', 's1', 'one'), record('a', 's1', 'two')]);
      await log.append([record('a', 's2', 'three'), record('b', 's1', 'elsewhere')]);
      const got: LoggedRecord[] = [];
      const subscription = await log.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 100,
        lingerMs: 60_000,
        onError: ignore,
        onBatch: async (batch) => {
          got.push(...batch.records);
        },
      });
      await subscription.flush();
      await subscription.close();
      expect(texts(got)).toEqual(['one', 'two', 'three']);
      expect(got.map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(got.map(({ key }) => key)).toEqual(['s1', 's1', 's2']);
      expect(got[0]?.headers).toEqual({ 'content-type': 'text/plain' });
    });

    it('never delivers more than maxRecords at a time', async () => {
      await log.append(Array.from({ length: 10 }, (_, index) => record('a', 's', String(index))));
      const sizes: number[] = [];
      const subscription = await log.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 4,
        lingerMs: 60_000,
        onError: ignore,
        onBatch: async (batch) => {
          sizes.push(batch.records.length);
        },
      });
      await subscription.flush();
      await subscription.close();
      expect(sizes).toEqual([4, 4, 2]);
    });

    it('delivers a batch again when its handler fails, and moves on once it succeeds', async () => {
      await log.append([record('a', 's', 'one')]);
      const errors: unknown[] = [];
      const seen: string[][] = [];
      const subscription = await log.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 4,
        lingerMs: 0,
        onError: (error) => errors.push(error),
        onBatch: async (batch) => {
          seen.push(texts(batch.records));
          if (seen.length === 1) throw new Error('first time fails');
        },
      });
      await subscription.flush();
      await subscription.close();
      expect(seen).toEqual([['one'], ['one']]);
      expect(errors).toHaveLength(1);
      expect((await log.position('g', 'a')).get(0)).toBe(1);
    });

    it('keeps positions apart by group', async () => {
      await log.append([record('a', 's', 'one')]);
      const handle = async (group: string): Promise<number> => {
        let count = 0;
        const subscription = await log.subscribe({
          group,
          topics: ['a'],
          maxRecords: 4,
          lingerMs: 60_000,
          onError: ignore,
          onBatch: async (batch) => {
            count += batch.records.length;
          },
        });
        await subscription.flush();
        await subscription.close();
        return count;
      };
      expect(await handle('g1')).toBe(1);
      expect(await handle('g1')).toBe(0);
      expect(await handle('g2')).toBe(1);
    });

    it('keeps every record of appends that happen at the same time', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => log.append([record('a', `s${String(index)}`, String(index))])));
      const got: string[] = [];
      const subscription = await log.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 1_000,
        lingerMs: 60_000,
        onError: ignore,
        onBatch: async (batch) => {
          got.push(...texts(batch.records));
        },
      });
      await subscription.flush();
      await subscription.close();
      expect(got.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it('keeps records and positions when it is opened again', async ({ skip }) => {
      skip(reopen === undefined, `${name} keeps nothing that could be opened again`);
      await log.append([record('a', 's', 'one'), record('a', 's', 'two')]);
      const first = await log.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 1,
        lingerMs: 60_000,
        onError: ignore,
        onBatch: async (batch) => {
          if (texts(batch.records)[0] === 'two') await new Promise(ignore);
        },
      });
      void first.flush().catch(ignore);
      await expect.poll(async () => (await log.position('g', 'a')).get(0)).toBe(1);
      const again = await (reopen ?? open)();
      const got: string[] = [];
      const second = await again.subscribe({
        group: 'g',
        topics: ['a'],
        maxRecords: 10,
        lingerMs: 60_000,
        onError: ignore,
        onBatch: async (batch) => {
          got.push(...texts(batch.records));
        },
      });
      await second.flush();
      await second.close();
      await again.close();
      expect(got).toEqual(['two']);
    });
  });
}
