import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { SnapshotWriter, WrittenSnapshot } from '../../domain/cooccurrence/cooccurrence-run.js';
import type { CountedQuery, NextQueryCounts } from '../../domain/cooccurrence/next-query-data.js';
import type { Window } from '../../domain/runs/window.js';

/** Format 1, as the README of services/cooccurrence describes it. */
const FORMAT = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA user_version = 1;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE queries (query_id INTEGER PRIMARY KEY, query TEXT NOT NULL UNIQUE, text TEXT NOT NULL, followed INTEGER NOT NULL);
  CREATE TABLE next_queries (query_id INTEGER NOT NULL, rank INTEGER NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (query_id, rank)) WITHOUT ROWID;
  CREATE TABLE popular_queries (rank INTEGER PRIMARY KEY, text TEXT NOT NULL, count INTEGER NOT NULL);`;

/** Queries between two reports, at which other work gets its turn. */
const REPORT_EVERY = 1_000;

/** A query as it is shown: one line without spaces at its ends. */
function shownForm(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Writes snapshots as SQLite files. A file that was not completed is written anew. */
export class SqliteSnapshotWriter implements SnapshotWriter {
  async write(path: string, counts: NextQueryCounts, window: Window, report: (queries: number) => void): Promise<WrittenSnapshot> {
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    const db = new DatabaseSync(path);
    let written: WrittenSnapshot;
    try {
      db.exec(FORMAT);
      db.exec('BEGIN');
      written = await writeQueries(db, counts, report);
      writePopular(db, counts.popular);
      writeFacts(db, written, window);
      db.exec('COMMIT');
    } finally {
      db.close();
    }
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
    return written;
  }
}

async function writeQueries(db: DatabaseSync, counts: NextQueryCounts, report: (queries: number) => void): Promise<WrittenSnapshot> {
  const addQuery = db.prepare('INSERT INTO queries (query_id, query, text, followed) VALUES (?, ?, ?, ?)');
  const addNext = db.prepare('INSERT INTO next_queries (query_id, rank, text, count) VALUES (?, ?, ?, ?)');
  let queries = 0;
  let pairs = 0;
  for await (const { key, text, followed, next } of counts.queries()) {
    queries++;
    addQuery.run(queries, key, shownForm(text), followed);
    for (const [index, each] of next.entries()) addNext.run(queries, index + 1, shownForm(each.text), each.count);
    pairs += next.length;
    if (queries % REPORT_EVERY !== 0) continue;
    report(queries);
    await setImmediate();
  }
  return { queries, pairs };
}

function writePopular(db: DatabaseSync, popular: readonly CountedQuery[]): void {
  const add = db.prepare('INSERT INTO popular_queries (rank, text, count) VALUES (?, ?, ?)');
  for (const [index, { text, count }] of popular.entries()) add.run(index + 1, shownForm(text), count);
}

function writeFacts(db: DatabaseSync, { queries, pairs }: WrittenSnapshot, { start, end }: Window): void {
  const facts = {
    queries: String(queries),
    pairs: String(pairs),
    built_at: new Date().toISOString(),
    window_start: new Date(start).toISOString(),
    window_end: new Date(end).toISOString(),
  };
  const add = db.prepare('INSERT INTO facts (name, value) VALUES (?, ?)');
  for (const [name, value] of Object.entries(facts)) add.run(name, value);
}
