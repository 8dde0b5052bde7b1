import { z } from 'zod';
import type { EventKind } from '../../domain/events/event.js';
import type { TrafficFilter } from '../../domain/runs/window.js';
import { type DuckDb, literal } from './duckdb.js';
import type { ParquetEventStore } from './parquet-event-store.js';
import { defineEvents, rowsOf } from './relations.js';

const last = z.object({ last_us: z.bigint().nullable() });
const DAY_MS = 86_400_000;

/** When the last event of a kind happened, in milliseconds since the epoch. Reads the newest days until one has such an event. */
export async function lastEventAt(
  kind: EventKind,
  store: ParquetEventStore,
  duckdb: DuckDb,
  traffic: TrafficFilter,
  signal: AbortSignal,
): Promise<number | undefined> {
  const where = traffic === 'all' ? '' : `WHERE traffic = ${literal(traffic)}`;
  for (const day of (await store.days(kind)).reverse()) {
    const start = Date.parse(day);
    const files = await store.files(kind, start, start + DAY_MS - 1);
    const found = await duckdb.use(async (connection) => {
      await defineEvents(connection, kind, files);
      const relation = { 'user-query': 'user_queries', impression: 'impressions', click: 'clicks' }[kind];
      return rowsOf(connection, `SELECT MAX(occurred_us) AS last_us FROM ${relation} ${where}`);
    }, signal);
    const { last_us } = last.parse(found[0]);
    // A window that ends with the millisecond must hold the event.
    if (last_us !== null) return Math.ceil(Number(last_us) / 1000);
  }
  return undefined;
}
