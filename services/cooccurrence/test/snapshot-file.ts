import { DatabaseSync } from 'node:sqlite';
import { counted, type Dictionary } from './fake-query-index.js';

/** The format of a snapshot file as the README states it, written out once more so that a change of either shows. */
const FORMAT_1 = `
  PRAGMA user_version = 1;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE queries (query_id INTEGER PRIMARY KEY, query TEXT NOT NULL UNIQUE, text TEXT NOT NULL, followed INTEGER NOT NULL);
  CREATE TABLE next_queries (query_id INTEGER NOT NULL, rank INTEGER NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (query_id, rank)) WITHOUT ROWID;
  CREATE TABLE popular_queries (rank INTEGER PRIMARY KEY, text TEXT NOT NULL, count INTEGER NOT NULL);`;

/** Moments that every snapshot of the tests states. */
export const BUILT_AT = new Date('2026-11-20T04:00:00.000Z');
export const WINDOW_START = new Date('2026-10-01T00:00:00.000Z');
export const WINDOW_END = new Date('2026-11-19T23:59:59.000Z');

/** Writes a snapshot file. */
export function writeSnapshot(path: string, { next, popular }: Dictionary): void {
  const db = new DatabaseSync(path);
  db.exec(FORMAT_1);
  db.exec('BEGIN');
  const addQuery = db.prepare('INSERT INTO queries (query_id, query, text, followed) VALUES (?, ?, ?, ?)');
  const addNext = db.prepare('INSERT INTO next_queries (query_id, rank, text, count) VALUES (?, ?, ?, ?)');
  const addPopular = db.prepare('INSERT INTO popular_queries (rank, text, count) VALUES (?, ?, ?)');
  const addFact = db.prepare('INSERT INTO facts (name, value) VALUES (?, ?)');
  let pairs = 0;
  Object.entries(next).forEach(([query, counts], index) => {
    const rows = counted(counts);
    addQuery.run(
      index + 1,
      query,
      query,
      rows.reduce((sum, { count }) => sum + count, 0),
    );
    rows.forEach(({ text, count }, rank) => addNext.run(index + 1, rank + 1, text, count));
    pairs += rows.length;
  });
  counted(popular).forEach(({ text, count }, rank) => addPopular.run(rank + 1, text, count));
  const facts = {
    queries: Object.keys(next).length,
    pairs,
    built_at: BUILT_AT.toISOString(),
    window_start: WINDOW_START.toISOString(),
    window_end: WINDOW_END.toISOString(),
  };
  Object.entries(facts).forEach(([name, value]) => addFact.run(name, String(value)));
  db.exec('COMMIT');
  db.close();
}
