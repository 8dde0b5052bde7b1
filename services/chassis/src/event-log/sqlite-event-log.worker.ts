import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { LoggedRecord, NewRecord } from './event-log.js';

/** Requests to the thread that owns the database; all of it is synchronous there. */
export type SqliteRequest =
  | { readonly op: 'append'; readonly records: readonly NewRecord[]; readonly synced: boolean }
  | { readonly op: 'read'; readonly topic: string; readonly from: number; readonly max: number }
  | { readonly op: 'end'; readonly topic: string }
  | { readonly op: 'position'; readonly group: string; readonly topic: string }
  | { readonly op: 'commit'; readonly group: string; readonly topic: string; readonly next: number }
  | { readonly op: 'close' };

export interface SqliteWorkerData {
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
}

const { path, synchronous } = workerData as SqliteWorkerData;
const db = new DatabaseSync(path);
// Several processes share the file: readers never block the writer, and writers wait for one another.
db.exec(`
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS records (
    topic TEXT NOT NULL, offset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, headers TEXT NOT NULL,
    appended_at INTEGER NOT NULL, PRIMARY KEY (topic, offset)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS positions (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY ("group", topic)
  ) WITHOUT ROWID;
`);
const insert = db.prepare('INSERT INTO records (topic, offset, key, value, headers, appended_at) VALUES (?, ?, ?, ?, ?, ?)');
const selectEnd = db.prepare('SELECT coalesce(max(offset) + 1, 0) AS next FROM records WHERE topic = ?');
const select = db.prepare(
  'SELECT topic, offset, key, value, headers, appended_at FROM records WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT ?',
);
const selectPosition = db.prepare('SELECT next FROM positions WHERE "group" = ? AND topic = ?');
const upsertPosition = db.prepare(
  'INSERT INTO positions ("group", topic, next) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)',
);

function end(topic: string): number {
  return Number(selectEnd.get(topic)?.['next'] ?? 0);
}

/** Longest that a record which need not be synced waits for the first commit that is. */
const SYNC_EVERY_MS = 1_000;
let syncs: boolean | undefined;
let syncedAt = 0;

/** Says whether the commits from now on wait for the disk. In WAL mode, one that does syncs all that was committed before. */
function syncCommits(wanted: boolean): void {
  const sync = synchronous === 'full' && (wanted || Date.now() - syncedAt >= SYNC_EVERY_MS);
  if (sync !== syncs) db.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
  syncs = sync;
  if (sync) syncedAt = Date.now();
}

function append(records: readonly NewRecord[], synced: boolean): void {
  syncCommits(synced);
  // IMMEDIATE takes the write lock at once, so that no other process appends between reading the end and writing behind it.
  db.exec('BEGIN IMMEDIATE');
  try {
    const ends = new Map<string, number>();
    const now = Date.now();
    for (const { topic, key, value, headers } of records) {
      const offset = ends.get(topic) ?? end(topic);
      insert.run(topic, offset, key, value, JSON.stringify(headers), now);
      ends.set(topic, offset + 1);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function read(topic: string, from: number, max: number): LoggedRecord[] {
  return select.all(topic, from, max).map((row) => ({
    topic,
    partition: 0,
    offset: Number(row['offset']),
    key: String(row['key']),
    value: row['value'] as Uint8Array,
    headers: JSON.parse(String(row['headers'])) as Record<string, string>,
    appendedAt: Number(row['appended_at']),
  }));
}

function answer(request: SqliteRequest): unknown {
  switch (request.op) {
    case 'append':
      append(request.records, request.synced);
      return undefined;
    case 'read':
      return read(request.topic, request.from, request.max);
    case 'end':
      return end(request.topic);
    case 'position':
      return Number(selectPosition.get(request.group, request.topic)?.['next'] ?? 0);
    case 'commit':
      syncCommits(true);
      upsertPosition.run(request.group, request.topic, request.next);
      return undefined;
    case 'close':
      db.close();
      return undefined;
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: SqliteRequest }) => {
  try {
    parentPort?.postMessage({ id, result: answer(request) });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
  if (request.op === 'close') parentPort?.close();
});
