import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import type { LoggedRecord, NewRecord } from './event-log.js';

/** Requests to the thread that owns the database. All is synchronous there but waiting for the disk. */
export type SqliteRequest =
  | { readonly op: 'append'; readonly records: readonly NewRecord[] }
  | { readonly op: 'sync' }
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
  PRAGMA synchronous = NORMAL;
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

/** Longest that what was committed waits for the disk when nobody asks. */
const SYNC_EVERY_MS = 1_000;
let wal: FileHandle | undefined;
let running: Promise<void> | undefined;
let next: Promise<void> | undefined;
let timer: NodeJS.Timeout | undefined;

async function syncWal(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  if (synchronous === 'normal') return;
  // It exists from the first commit on, and as long as this connection does.
  wal ??= await open(`${path}-wal`, 'r+');
  await wal.datasync();
}

/**
 * Resolves when what is committed now has reached the disk. SQLite's own `synchronous = FULL` syncs the very same file, but within the
 * commit, so that everything else waits for the disk as well. Who asks while a sync runs shares the one after it.
 */
function sync(): Promise<void> {
  if (running === undefined) {
    running = syncWal().finally(() => {
      running = undefined;
    });
    return running;
  }
  next ??= running
    .catch(() => undefined)
    .then(() => {
      next = undefined;
      return sync();
    });
  return next;
}

function syncSoon(): void {
  timer ??= setTimeout(() => {
    sync().catch((error: unknown) => {
      console.error(`the event log could not be synced: ${messageOf(error)}`);
    });
  }, SYNC_EVERY_MS);
}

function append(records: readonly NewRecord[]): void {
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
    syncSoon();
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

async function answer(request: SqliteRequest): Promise<unknown> {
  switch (request.op) {
    case 'append':
      append(request.records);
      return undefined;
    case 'sync':
      return sync();
    case 'read':
      return read(request.topic, request.from, request.max);
    case 'end':
      return end(request.topic);
    case 'position':
      return Number(selectPosition.get(request.group, request.topic)?.['next'] ?? 0);
    case 'commit':
      upsertPosition.run(request.group, request.topic, request.next);
      return sync();
    case 'close':
      if (timer !== undefined) await sync();
      await wal?.close();
      db.close();
      return undefined;
  }
}

async function serve({ id, request }: { id: number; request: SqliteRequest }): Promise<void> {
  try {
    parentPort?.postMessage({ id, result: await answer(request) });
  } catch (error) {
    parentPort?.postMessage({ id, error: messageOf(error) });
  }
  if (request.op === 'close') parentPort?.close();
}

parentPort?.on('message', (message: { id: number; request: SqliteRequest }) => void serve(message));
