import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventKind } from '../../domain/events/event.js';
import { literal } from './duckdb.js';
import { columns } from './event-rows.js';

const relationOf: Readonly<Record<EventKind, string>> = { 'user-query': 'user_queries', impression: 'impressions', click: 'clicks' };

/** No file at all is a relation without rows. */
function noRows(kind: EventKind): string {
  const typed = Object.entries(columns[kind]).map(([name, type]) => `NULL::${type} AS ${name}`);
  return `(SELECT ${typed.join(', ')} WHERE false)`;
}

/** Makes the events of `files` known under the name that the statements use, with moments as integers. */
export async function defineEvents(connection: DuckDBConnection, kind: EventKind, files: readonly string[]): Promise<void> {
  const source =
    files.length === 0 ? noRows(kind) : `read_parquet([${files.map(literal).join(', ')}], union_by_name = true, hive_partitioning = false)`;
  await connection.run(
    `CREATE TEMP VIEW ${relationOf[kind]} AS SELECT * EXCLUDE (occurred_at), epoch_us(occurred_at) AS occurred_us FROM ${source}`,
  );
}

/** Makes the one row of parameters that the statements refer to. */
export async function defineParameters(connection: DuckDBConnection, values: Readonly<Record<string, number | string>>): Promise<void> {
  const typed = Object.entries(values).map(([name, value]) => `${typeof value === 'number' ? String(value) : literal(value)} AS ${name}`);
  await connection.run(`CREATE TEMP VIEW parameters AS SELECT ${typed.join(', ')}`);
}

/** Keeps the result of a statement under a name. */
export async function keep(connection: DuckDBConnection, name: string, statement: string): Promise<void> {
  await connection.run(`CREATE TEMP TABLE ${name} AS ${statement}`);
}

/** All rows of a small result, as objects whose numbers are numbers. */
export async function rowsOf(connection: DuckDBConnection, statement: string): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(statement);
  return reader.getRowObjectsJS();
}
