import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import {
  type ClickJoin,
  type ClickOutcomes,
  type JoinedClicks,
  type JoinRules,
  type Slice,
  type SliceSummary,
  slices,
} from '../../domain/ctr/click-join.js';
import type { TrafficFilter } from '../../domain/runs/window.js';
import { clickOutcomes, joinedImpressions, judgedClicks, shownImpressions, takenClicks } from '../sql/click-join.js';
import { slicedImpressions, sliceSizes, splitMoments } from '../sql/time-split.js';
import { type DuckDb, literal } from './duckdb.js';
import { lastEventAt } from './last-event.js';
import type { ParquetEventStore } from './parquet-event-store.js';
import { defineEvents, defineParameters, keep, rowsOf } from './relations.js';

/** A click may seem to come before its impression by this much, when two machines took the times. */
const CLOCK_SKEW_MS = 60_000;

const count = z.union([z.number(), z.bigint()]).transform(Number);
const sizeRow = z.object({ slice: z.enum(slices), impressions: count, clicked: count, live: count, simulated: count });
const outcomeRow = z.object({ joined: count, late: count, early: count, orphan: count, misplaced: count, duplicate: count });

/** Joins impressions and clicks from the day files. */
export class DuckDbClickJoin implements ClickJoin {
  constructor(
    private readonly store: ParquetEventStore,
    private readonly duckdb: DuckDb,
  ) {}

  lastImpressionAt(traffic: TrafficFilter, signal: AbortSignal): Promise<number | undefined> {
    return lastEventAt('impression', this.store, this.duckdb, traffic, signal);
  }

  join(rules: JoinRules, folder: string, signal: AbortSignal): Promise<JoinedClicks> {
    return this.duckdb.use(async (connection) => {
      await this.define(connection, rules);
      await keep(connection, 'shown', shownImpressions);
      await keep(connection, 'taken', takenClicks);
      await keep(connection, 'judged', judgedClicks);
      await keep(connection, 'joined', joinedImpressions);
      await keep(connection, 'split', splitMoments);
      await keep(connection, 'sliced', slicedImpressions);
      await mkdir(folder, { recursive: true });
      return writeSlices(connection, folder);
    }, signal);
  }

  private async define(connection: DuckDBConnection, { window, ...rules }: JoinRules): Promise<void> {
    await defineEvents(connection, 'impression', await this.store.files('impression', window.start, window.end));
    const clickFiles = await this.store.files('click', window.start - CLOCK_SKEW_MS, window.end + rules.attributionMs);
    await defineEvents(connection, 'click', clickFiles);
    await defineParameters(connection, {
      window_start_us: window.start * 1000,
      window_end_us: window.end * 1000,
      traffic_filter: rules.traffic,
      attribution_us: rules.attributionMs * 1000,
      clock_skew_us: CLOCK_SKEW_MS * 1000,
      train_fraction: rules.trainFraction,
      validation_fraction: rules.validationFraction,
    });
  }
}

async function writeSlices(connection: DuckDBConnection, folder: string): Promise<JoinedClicks> {
  const sizes = (await rowsOf(connection, sliceSizes)).map((row) => sizeRow.parse(row));
  const write = async (name: Slice): Promise<SliceSummary> => {
    const file = join(folder, `${name}.parquet`);
    await connection.run(copySlice(name, file));
    const { impressions, clicked } = sizes.find(({ slice }) => slice === name) ?? { impressions: 0, clicked: 0 };
    return { file, impressions, clicked };
  };
  const [outcomes] = await rowsOf(connection, clickOutcomes);
  const clicks: ClickOutcomes = outcomeRow.parse(outcomes);
  return {
    slices: { train: await write('train'), validation: await write('validation'), test: await write('test') },
    clicks,
    traffic: { live: sum(sizes.map(({ live }) => live)), simulated: sum(sizes.map(({ simulated }) => simulated)) },
  };
}

/** The file that the learner reads: `clicks` has a 0 or 1 for each of `queries`; the last three columns are the sources of variant src. */
function copySlice(name: Slice, file: string): string {
  return `
    COPY (
      SELECT
        impression_id, task_id, make_timestamp(occurred_us) AS occurred_at, query, queries,
        list_transform(queries, lambda text, place: CASE WHEN list_contains(clicks, place) THEN 1 ELSE 0 END::TINYINT) AS clicks, traffic,
        response AS answer, list_transform(history, lambda turn: turn.query) AS history, cooccurrence_queries AS cooccurrence
      FROM sliced WHERE slice = ${literal(name)} ORDER BY occurred_us, impression_id
    ) TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd)`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
