import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EventKind } from '../../domain/events/event.js';
import type { EventBatch, EventStore, Recovery, StoredEvent } from '../../domain/ingest/event-store.js';
import { type DuckDb, literal } from './duckdb.js';
import { columns, dayOf, toLine } from './event-rows.js';

const TEMPORARY = '.writing';
const SET_ASIDE = '.set-aside';
const DAY = 'day=';
/** Lines are written to disk in portions of about this many characters. */
const PORTION = 1 << 20;
/** Largest line that DuckDB reads: a message of 4 MiB, most of it characters that JSON writes as six. */
const MAX_LINE_BYTES = 32 * 2 ** 20;

const folderOf: Readonly<Record<EventKind, string>> = { 'user-query': 'user-queries', impression: 'impressions', click: 'clicks' };

interface BatchFile {
  readonly path: string;
  readonly topic: string;
  readonly partition: number;
  readonly first: number;
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
}

function parseName(day: string, name: string): BatchFile | undefined {
  const [, topic, partition, first] = /^(.+)-(\d+)-(\d+)-\d+\.parquet$/.exec(name) ?? [];
  if (topic === undefined) return undefined;
  return { path: join(day, name), topic, partition: Number(partition), first: Number(first) };
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeLines(path: string, events: readonly StoredEvent[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    let portion = '';
    for (const event of events) {
      portion += toLine(event);
      if (portion.length < PORTION) continue;
      await file.appendFile(portion);
      portion = '';
    }
    await file.appendFile(portion);
  } finally {
    await file.close();
  }
}

/**
 * Events as Parquet files, `<root>/<kind>/day=YYYY-MM-DD/<topic>-<partition>-<first>-<last>.parquet`: one file a batch and day,
 * named by the records that the batch is made of. A file appears whole, by a rename, and is on disk before its batch is acknowledged.
 */
export class ParquetEventStore implements EventStore {
  /** First record of the last batch of each partition; the same again means that it was not acknowledged. */
  private readonly attempted = new Map<string, number>();

  constructor(
    private readonly root: string,
    private readonly duckdb: DuckDb,
  ) {}

  async write(batch: EventBatch): Promise<void> {
    const { kind, topic, partition, firstOffset, lastOffset, events } = batch;
    const source = `${topic}-${String(partition)}`;
    // Another attempt may hold more records than the last, and then its files have other names.
    if (this.attempted.get(source) === firstOffset) await this.deleteFrom(await this.filesOf(batch), firstOffset);
    this.attempted.set(source, firstOffset);
    const written: { temporary: string; target: string }[] = [];
    for (const [day, ofDay] of Map.groupBy(events, ({ event }) => dayOf(event.occurredAt))) {
      const target = join(this.root, folderOf[kind], `${DAY}${day}`, `${source}-${String(firstOffset)}-${String(lastOffset)}.parquet`);
      written.push({ temporary: await this.writeTemporary(kind, ofDay), target });
    }
    for (const { temporary, target } of written) {
      const made = await mkdir(dirname(target), { recursive: true });
      await rename(temporary, target);
      await syncPath(dirname(target));
      // A folder is not on disk before the one that it stands in is.
      if (made !== undefined) await syncPath(dirname(made));
    }
  }

  async recover(kind: EventKind, topic: string, partition: number, position: number): Promise<Recovery> {
    await rm(join(this.root, TEMPORARY), { recursive: true, force: true });
    const files = await this.filesOf({ kind, topic, partition });
    const beyond = files.filter(({ first }) => first > position);
    for (const { path } of beyond) {
      const target = join(this.root, SET_ASIDE, new Date().toISOString().replaceAll(/[-:]/g, ''), path.slice(this.root.length + 1));
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
    }
    const deleted = await this.deleteFrom(
      files.filter(({ first }) => first <= position),
      position,
    );
    return { deleted, setAside: beyond.length };
  }

  /** Files that hold the events of a kind of the days from `start` to `end`, in milliseconds since the epoch. */
  async files(kind: EventKind, start: number, end: number): Promise<string[]> {
    const days = (await this.days(kind)).filter((day) => day >= dayOf(start) && day <= dayOf(end));
    const found = await Promise.all(days.map((day) => this.filesOfDay(kind, day)));
    return found.flat().map(({ path }) => path);
  }

  /** Days that hold events of a kind, in order. */
  async days(kind: EventKind): Promise<string[]> {
    const names = await entries(join(this.root, folderOf[kind]));
    return names
      .filter((name) => name.startsWith(DAY))
      .map((name) => name.slice(DAY.length))
      .sort();
  }

  private async filesOfDay(kind: EventKind, day: string): Promise<BatchFile[]> {
    const folder = join(this.root, folderOf[kind], `${DAY}${day}`);
    return (await entries(folder)).flatMap((name) => parseName(folder, name) ?? []);
  }

  private async filesOf({ kind, topic, partition }: Pick<EventBatch, 'kind' | 'topic' | 'partition'>): Promise<BatchFile[]> {
    const days = await this.days(kind);
    const files = (await Promise.all(days.map((day) => this.filesOfDay(kind, day)))).flat();
    return files.filter((file) => file.topic === topic && file.partition === partition);
  }

  private async deleteFrom(files: readonly BatchFile[], first: number): Promise<number> {
    const leftovers = files.filter((file) => file.first >= first);
    for (const { path } of leftovers) await rm(path, { force: true });
    return leftovers.length;
  }

  private async writeTemporary(kind: EventKind, events: readonly StoredEvent[]): Promise<string> {
    const base = join(this.root, TEMPORARY, randomUUID());
    const [lines, parquet] = [`${base}.ndjson`, `${base}.parquet`];
    await mkdir(dirname(base), { recursive: true });
    await writeLines(lines, events);
    await this.duckdb.use((connection) => connection.run(copyStatement(kind, lines, parquet)));
    await rm(lines);
    await syncPath(parquet);
    return parquet;
  }
}

function copyStatement(kind: EventKind, lines: string, parquet: string): string {
  const types = Object.entries(columns[kind]).map(([name, type]) => `${name}: ${literal(name === 'occurred_at' ? 'BIGINT' : type)}`);
  return `
    COPY (
      SELECT * REPLACE (make_timestamp(occurred_at) AS occurred_at)
      FROM read_json(${literal(lines)}, format = 'newline_delimited', columns = {${types.join(', ')}},
                     maximum_object_size = ${String(MAX_LINE_BYTES)})
    ) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd)`;
}
