import { describe, expect, it } from 'vitest';
import { FakeEventStore, FakeLog } from '../../../test/fakes.js';
import type { UserQuery } from '../events/event.js';
import { type DecodedBatch, Ingest } from './ingest.js';

const NOW = Date.UTC(2026, 10, 23);
const event = (query: string): UserQuery => ({
  kind: 'user-query',
  eventId: 'e',
  sessionId: 's',
  userId: '',
  occurredAt: NOW,
  query,
  origin: 'typed',
  traffic: 'live',
});
const payload = new Uint8Array([1, 2]);
const batch: DecodedBatch = {
  kind: 'user-query',
  topic: 'gqr.user-queries.v1',
  partition: 0,
  firstOffset: 10,
  lastOffset: 12,
  records: [
    { offset: 10, key: 's', payload, content: { event: event('tomatoes') } },
    { offset: 11, key: 's', payload, content: { fault: 'it can’t be read' } },
    { offset: 12, key: 's', payload, content: { event: event('') } },
  ],
};

describe('ingestion of a batch', () => {
  it('stores what is good and sets the rest aside with topic, offset and reason', async () => {
    const store = new FakeEventStore();
    const log = new FakeLog();
    const observed: unknown[] = [];
    const ingest = new Ingest(store, log, { ingested: (...what) => observed.push(what) }, () => ({ now: NOW, maxAheadMs: 0 }));
    await ingest.take(batch);
    expect(store.batches).toMatchObject([{ firstOffset: 10, lastOffset: 12, events: [{ offset: 10, event: { query: 'tomatoes' } }] }]);
    expect(log.letters).toEqual([
      { topic: 'gqr.user-queries.v1', partition: 0, offset: 11, key: 's', reason: 'it can’t be read', payload },
      { topic: 'gqr.user-queries.v1', partition: 0, offset: 12, key: 's', reason: 'query: is required', payload },
    ]);
    expect(observed).toEqual([['user-query', 1, 2, 12]]);
  });

  it('sets nothing aside before the rest is stored, so that a batch that comes again is whole', async () => {
    const store = new FakeEventStore();
    const log = new FakeLog();
    store.failures = 1;
    const ingest = new Ingest(store, log, { ingested: () => undefined }, () => ({ now: NOW, maxAheadMs: 0 }));
    await expect(ingest.take(batch)).rejects.toThrow('the disk is full');
    expect(log.letters).toEqual([]);
    await ingest.take(batch);
    expect(store.batches).toHaveLength(1);
    expect(log.letters).toHaveLength(2);
  });
});
