import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type {
  CountedQuery,
  CountingRules,
  CountingTotals,
  NextQueryCounts,
  NextQueryData,
  QueryWithNext,
} from '../../domain/cooccurrence/next-query-data.js';
import type { TrafficFilter } from '../../domain/runs/window.js';
import { askedQueries, hubQueries, queryPairs, sessionTurns, surfaceForms } from '../sql/asked-queries.js';
import { countingTotals, nextQueries, popularQueries, specificPairs } from '../sql/next-queries.js';
import type { DuckDb } from './duckdb.js';
import { lastEventAt } from './last-event.js';
import type { ParquetEventStore } from './parquet-event-store.js';
import { defineEvents, defineParameters, keep, rowsOf } from './relations.js';

const count = z.union([z.number(), z.bigint()]).transform(Number);
const nextRow = z.tuple([z.string(), z.string(), count, z.string(), count]);
const popularRow = z.object({ text: z.string(), asked_count: count });
const totalsRow = z.object({ sessions: count, live: count, simulated: count, hubs: count, rare_pairs: count });

/** Counts next queries from the day files. */
export class DuckDbNextQueryData implements NextQueryData {
  constructor(
    private readonly store: ParquetEventStore,
    private readonly duckdb: DuckDb,
  ) {}

  lastQueryAt(traffic: TrafficFilter, signal: AbortSignal): Promise<number | undefined> {
    return lastEventAt('user-query', this.store, this.duckdb, traffic, signal);
  }

  count<T>(rules: CountingRules, signal: AbortSignal, work: (counts: NextQueryCounts) => Promise<T>): Promise<T> {
    return this.duckdb.use(async (connection) => {
      const { window } = rules;
      await defineEvents(connection, 'user-query', await this.store.files('user-query', window.start, window.end));
      await defineParameters(connection, {
        window_start_us: window.start * 1000,
        window_end_us: window.end * 1000,
        traffic_filter: rules.traffic,
        min_count: rules.minCount,
        hub_share: rules.hubShare,
        hub_minimum: rules.hubMinimum,
        max_next: rules.maxNext,
        max_popular: rules.maxPopular,
      });
      await keep(connection, 'asked', askedQueries);
      await keep(connection, 'surfaces', surfaceForms);
      await keep(connection, 'turns', sessionTurns);
      await keep(connection, 'pairs', queryPairs);
      await keep(connection, 'hubs', hubQueries);
      await keep(connection, 'specific', specificPairs);
      return work({
        totals: await readTotals(connection),
        popular: await readPopular(connection),
        queries: () => streamQueries(connection),
      });
    }, signal);
  }
}

async function readTotals(connection: DuckDBConnection): Promise<CountingTotals> {
  const [row] = await rowsOf(connection, countingTotals);
  const { sessions, live, simulated, hubs, rare_pairs } = totalsRow.parse(row);
  return { sessions, asked: { live, simulated }, hubs, rarePairs: rare_pairs };
}

async function readPopular(connection: DuckDBConnection): Promise<CountedQuery[]> {
  const rows = await rowsOf(connection, popularQueries);
  return rows.map((row) => popularRow.parse(row)).map((row) => ({ text: row.text, count: row.asked_count }));
}

/** Rows come in order of key, so that a query is complete when the key changes. */
async function* streamQueries(connection: DuckDBConnection): AsyncGenerator<QueryWithNext> {
  const result = await connection.stream(nextQueries);
  let current: { key: string; text: string; followed: number; next: CountedQuery[] } | undefined;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const row of chunk.getRows()) {
      const [key, text, followed, nextText, pairCount] = nextRow.parse(row);
      if (current?.key !== key) {
        if (current !== undefined) yield current;
        current = { key, text, followed, next: [] };
      }
      current.next.push({ text: nextText, count: pairCount });
    }
  }
  if (current !== undefined) yield current;
}
