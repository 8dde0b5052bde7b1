import type { EventLog, RecordBatch, Subscription } from '@gqr/chassis/event-log/event-log';
import { eventKinds, type EventKind } from '../../domain/events/event.js';
import type { EventStore, Recovery } from '../../domain/ingest/event-store.js';
import type { DecodedBatch, Ingest } from '../../domain/ingest/ingest.js';
import { type LogIngestion, IngestFailedError } from '../../domain/ingest/ingestion.js';
import { decode, topics } from '../protobuf/event-codec.js';

const GROUP = 'trainer';
const CONTENT_TYPE = 'content-type';

const kindOfTopic = new Map(eventKinds.map((kind) => [topics[kind], kind]));

export interface LogIngestOptions {
  readonly maxRecords: number;
  /** A batch that is not full is taken once its oldest record is this old: the larger, the fewer and larger the files. */
  readonly lingerMs: number;
  /** Told of every attempt that failed; it is made again until it succeeds. */
  readonly onError: (error: unknown) => void;
  /** Told of what was found of each partition at start. */
  readonly onRecovery: (topic: string, partition: number, recovery: Recovery) => void;
}

function toBatch(kind: EventKind, { topic, partition, firstOffset, lastOffset, records }: RecordBatch): DecodedBatch {
  const decoded = records.map(({ offset, key, value, headers }) => ({
    offset,
    key,
    payload: value,
    content: decode(kind, value, headers[CONTENT_TYPE]),
  }));
  return { kind, topic, partition, firstOffset, lastOffset, records: decoded };
}

/** Takes the three topics of the event log into the event store, from start to close. */
export class LogIngest implements LogIngestion {
  private subscription: Subscription | undefined;
  private readonly flushes = new Set<(error: unknown) => void>();

  constructor(
    private readonly log: EventLog,
    private readonly store: EventStore,
    private readonly ingest: Ingest,
    private readonly options: LogIngestOptions,
  ) {}

  async start(): Promise<void> {
    for (const kind of eventKinds) {
      for (const [partition, position] of await this.log.position(GROUP, topics[kind])) {
        this.options.onRecovery(topics[kind], partition, await this.store.recover(kind, topics[kind], partition, position));
      }
    }
    this.subscription = await this.log.subscribe({
      group: GROUP,
      topics: eventKinds.map((kind) => topics[kind]),
      maxRecords: this.options.maxRecords,
      lingerMs: this.options.lingerMs,
      onBatch: async (batch) => {
        const kind = kindOfTopic.get(batch.topic);
        if (kind !== undefined) await this.ingest.take(toBatch(kind, batch));
      },
      onError: (error) => {
        this.options.onError(error);
        this.flushes.forEach((fail) => {
          fail(error);
        });
      },
    });
  }

  async flush(signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<never>();
    const fail = (error: unknown): void => {
      stopped.reject(new IngestFailedError(error));
    };
    const abort = (): void => {
      stopped.reject(signal.reason);
    };
    this.flushes.add(fail);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([this.subscription?.flush(), stopped.promise]);
    } finally {
      this.flushes.delete(fail);
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    await this.subscription?.close();
  }
}
