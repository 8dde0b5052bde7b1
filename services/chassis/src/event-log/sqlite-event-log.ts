import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { AppendOptions, EventLog, LoggedRecord, NewRecord, RecordBatch, SubscribeOptions, Subscription } from './event-log.js';
import type { SqliteRequest, SqliteWorkerData } from './sqlite-event-log.worker.js';

/** The log could not be read or written: the disk is full, the file is damaged, or the log was closed. */
export class EventLogError extends Error {
  override readonly name = 'EventLogError';
}

const POLL_MS = 100;
const RETRY_MS = 1_000;

/** The thread that owns the database file; SQLite's calls block, and syncing a disk takes milliseconds. */
class SqliteThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private lastId = 0;
  private failure: EventLogError | undefined;

  constructor(data: SqliteWorkerData) {
    this.worker = new Worker(new URL('./sqlite-event-log.worker.js', import.meta.url), { workerData: data, execArgv: ['--no-warnings'] });
    this.worker.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const promise = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) promise?.resolve(result);
      else promise?.reject(new EventLogError(error));
    });
    const fail = (why: string): void => {
      this.failure ??= new EventLogError(`the event log ${why}`);
      for (const promise of this.waiting.values()) promise.reject(this.failure);
      this.waiting.clear();
    };
    this.worker.on('error', (error) => {
      fail(`failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    this.worker.on('exit', () => {
      fail('is closed');
    });
  }

  async ask<T>(request: SqliteRequest): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    const id = ++this.lastId;
    const promise = Promise.withResolvers<unknown>();
    this.waiting.set(id, promise);
    this.worker.postMessage({ id, request });
    return promise.promise as Promise<T>;
  }
}

/**
 * An event log in one SQLite file that several processes share. One partition a topic. Appends that arrive while a commit is under way
 * are committed together, and those that wait for the disk share its syncs. Those that need not wait are synced within a second.
 */
export class SqliteEventLog implements EventLog {
  private readonly thread: SqliteThread;
  private pending: { records: readonly NewRecord[]; done: PromiseWithResolvers<undefined> }[] = [];
  private committing = false;

  constructor(options: { path: string; synchronous?: 'full' | 'normal' }) {
    mkdirSync(dirname(options.path), { recursive: true });
    this.thread = new SqliteThread({ path: options.path, synchronous: options.synchronous ?? 'full' });
  }

  async append(records: readonly NewRecord[], { synced = true }: AppendOptions = {}): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    this.pending.push({ records, done });
    if (!this.committing) void this.commitPending();
    await done.promise;
    if (synced) await this.thread.ask({ op: 'sync' });
  }

  async position(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    return new Map([[0, await this.thread.ask<number>({ op: 'position', group, topic })]]);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const loops = await Promise.all(
      options.topics.map(async (topic) => {
        const position = await this.position(options.group, topic);
        return new TopicLoop(this.thread, topic, position.get(0) ?? 0, options);
      }),
    );
    return {
      flush: async () => {
        await Promise.all(loops.map((loop) => loop.flush()));
      },
      close: async () => {
        await Promise.all(loops.map((loop) => loop.close()));
      },
    };
  }

  async close(): Promise<void> {
    await this.thread.ask({ op: 'close' });
  }

  private async commitPending(): Promise<void> {
    this.committing = true;
    while (this.pending.length > 0) {
      const batch = this.pending;
      this.pending = [];
      try {
        await this.thread.ask({ op: 'append', records: batch.flatMap(({ records }) => records) });
        batch.forEach(({ done }) => {
          done.resolve(undefined);
        });
      } catch (error) {
        batch.forEach(({ done }) => {
          done.reject(error);
        });
      }
    }
    this.committing = false;
  }
}

/** Delivers one topic to one group. */
class TopicLoop {
  private closed = false;
  private flushUntil = 0;
  private readonly flushes: { until: number; done: PromiseWithResolvers<undefined> }[] = [];
  private readonly running: Promise<void>;
  private wake = new AbortController();

  constructor(
    private readonly thread: SqliteThread,
    private readonly topic: string,
    private next: number,
    private readonly options: SubscribeOptions,
  ) {
    this.running = this.run();
  }

  async flush(): Promise<void> {
    const until = await this.thread.ask<number>({ op: 'end', topic: this.topic });
    if (this.next >= until) return;
    const done = Promise.withResolvers<undefined>();
    this.flushes.push({ until, done });
    this.flushUntil = Math.max(this.flushUntil, until);
    this.wake.abort();
    await done.promise;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        const delivered = await this.deliverOne();
        if (!delivered) await this.pause(POLL_MS);
      } catch (error) {
        this.options.onError(error);
        await this.pause(RETRY_MS);
      }
    }
    for (const { done } of this.flushes) done.reject(new EventLogError('the subscription was closed'));
  }

  private async deliverOne(): Promise<boolean> {
    const records = await this.thread.ask<LoggedRecord[]>({ op: 'read', topic: this.topic, from: this.next, max: this.options.maxRecords });
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return false;
    const ripe = Date.now() - first.appendedAt >= this.options.lingerMs;
    if (records.length < this.options.maxRecords && !ripe && this.next >= this.flushUntil) return false;
    const batch: RecordBatch = { topic: this.topic, partition: 0, firstOffset: first.offset, lastOffset: last.offset, records };
    await this.options.onBatch(batch);
    await this.thread.ask({ op: 'commit', group: this.options.group, topic: this.topic, next: last.offset + 1 });
    this.next = last.offset + 1;
    while (this.flushes[0] !== undefined && this.flushes[0].until <= this.next) this.flushes.shift()?.done.resolve(undefined);
    return true;
  }

  private async pause(ms: number): Promise<void> {
    if (this.wake.signal.aborted) this.wake = new AbortController();
    await sleep(ms, undefined, { signal: this.wake.signal, ref: false }).catch(() => undefined);
  }
}
