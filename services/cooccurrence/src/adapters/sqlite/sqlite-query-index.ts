import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import type { CountedNextQuery, CountedQuery, QueryIndex, SnapshotInfo } from '../../domain/query-index.js';
import { UnusableSnapshotError } from '../../domain/snapshot-source.js';

/** Format of the file that this service reads, its `PRAGMA user_version`; the README describes it. */
export const SNAPSHOT_FORMAT = 1;

const NEXT = `
  SELECT next.text AS text, next.count AS count, CAST(next.count AS REAL) / queries.followed AS probability
  FROM queries JOIN next_queries AS next USING (query_id)
  WHERE queries.query = ? ORDER BY next.rank LIMIT ?`;
const POPULAR = 'SELECT text, count FROM popular_queries ORDER BY rank LIMIT ?';

const facts = z.object({
  queries: z.coerce.number().int().nonnegative(),
  pairs: z.coerce.number().int().nonnegative(),
  built_at: z.coerce.date(),
  window_start: z.coerce.date(),
  window_end: z.coerce.date(),
});
const next = z.object({ text: z.string().min(1), count: z.int().positive(), probability: z.number().gt(0).lte(1) });
const popular = z.object({ text: z.string().min(1), count: z.int().positive() });

function readInfo(db: DatabaseSync, version: string): SnapshotInfo {
  const format = z.object({ user_version: z.int() }).parse(db.prepare('PRAGMA user_version').get()).user_version;
  if (format !== SNAPSHOT_FORMAT) throw new Error(`its format is ${String(format)}, this service reads ${String(SNAPSHOT_FORMAT)}`);
  const rows = db.prepare('SELECT name, value FROM facts').all();
  const { queries, pairs, built_at, window_start, window_end } = facts.parse(
    Object.fromEntries(rows.map((row) => [row['name'], row['value']])),
  );
  return { version, queries, pairs, builtAt: built_at, windowStart: window_start, windowEnd: window_end };
}

/**
 * A snapshot in one SQLite file, opened read-only. A lookup takes microseconds, so that it runs on the event loop: handing it to a
 * thread would cost more than it does.
 */
export class SqliteQueryIndex implements QueryIndex {
  private readonly next: StatementSync;
  private readonly popularQueries: StatementSync;

  private constructor(
    private readonly db: DatabaseSync,
    readonly info: SnapshotInfo,
  ) {
    this.next = db.prepare(NEXT);
    this.popularQueries = db.prepare(POPULAR);
  }

  /** Opens a file and asks it one question of each kind. @throws UnusableSnapshotError */
  static open(path: string, version: string): SqliteQueryIndex {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path, { readOnly: true });
      const index = new SqliteQueryIndex(db, readInfo(db, version));
      index.probe();
      return index;
    } catch (error) {
      db?.close();
      throw new UnusableSnapshotError(
        `snapshot ${version} can't be used: ${messageOf(error)}; build another one with: gqr train cooccurrence`,
      );
    }
  }

  nextQueries(normalisedQuery: string, limit: number): Promise<readonly CountedNextQuery[]> {
    const rows = this.next.all(normalisedQuery, limit).map((row) => next.parse(row));
    return Promise.resolve(rows.map(({ text, count, probability }) => ({ text, count, transitionProbability: probability })));
  }

  popular(limit: number): Promise<readonly CountedQuery[]> {
    return Promise.resolve(this.popularQueries.all(limit).map((row) => popular.parse(row)));
  }

  close(): Promise<void> {
    this.db.close();
    return Promise.resolve();
  }

  private probe(): void {
    const first = this.db.prepare('SELECT query FROM queries ORDER BY query_id LIMIT 1').get();
    if (this.info.queries > 0) {
      const rows = this.next.all(z.string().parse(first?.['query']), 1);
      next.parse(rows[0]);
    }
    this.popularQueries.all(1).forEach((row) => popular.parse(row));
  }
}
