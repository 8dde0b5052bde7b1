import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event as EventMessage } from '@gqr/protos/gqr/events/v1/events';
import { DuckDb } from '../src/adapters/duckdb/duckdb.js';
import { ParquetEventStore } from '../src/adapters/duckdb/parquet-event-store.js';
import { fromEventMessage } from '../src/adapters/protobuf/event-codec.js';
import { eventKinds } from '../src/domain/events/event.js';

export const duckdb = new DuckDb({ memoryLimit: '256MB', threads: 1, temporaryFolder: mkdtempSync(join(tmpdir(), 'gqr-duckdb-')) });

/** An event store that holds these events, in this order. */
export async function storeOf(messages: readonly EventMessage[]): Promise<ParquetEventStore> {
  const store = new ParquetEventStore(mkdtempSync(join(tmpdir(), 'gqr-events-')), duckdb);
  const events = messages.flatMap((message) => fromEventMessage(message)?.event ?? []);
  for (const kind of eventKinds) {
    const stored = events.map((event, offset) => ({ offset, event })).filter(({ event }) => event.kind === kind);
    await store.write({ kind, topic: kind, partition: 0, firstOffset: 0, lastOffset: events.length, events: stored });
  }
  return store;
}
