import { type Bounds, faultsOf } from '../events/faults.js';
import type { Event, EventKind } from '../events/event.js';
import type { EventStore, StoredEvent } from './event-store.js';

/** A record of the log, decoded as far as that was possible. */
export interface DecodedRecord {
  readonly offset: number;
  /** Key of the record: the session. */
  readonly key: string;
  readonly payload: Uint8Array;
  /** The event, or why it could not be decoded. */
  readonly content: { readonly event: Event } | { readonly fault: string };
}

/** Consecutive records of one partition. */
export interface DecodedBatch {
  readonly kind: EventKind;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: readonly DecodedRecord[];
}

/** A message that could not be used. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly reason: string;
  readonly payload: Uint8Array;
}

/** Where messages go that could not be used. */
export interface DeadLetters {
  /** Durable when it resolves. */
  add(letters: readonly DeadLetter[]): Promise<void>;
}

/** Told what became of every record. */
export interface IngestObserver {
  ingested(kind: EventKind, stored: number, deadLettered: number, lastOffset: number): void;
}

/** Longest reason of a dead letter, in UTF-16 code units; an event may have faults without number. */
const MAX_REASON = 1_000;

/**
 * Takes batches of the log into the event store. Every record ends in the store or among the dead letters before its batch is
 * acknowledged, so that a crash at any moment repeats work but loses and doubles nothing; a dead letter may come twice.
 */
export class Ingest {
  constructor(
    private readonly store: EventStore,
    private readonly deadLetters: DeadLetters,
    private readonly observer: IngestObserver,
    private readonly bounds: () => Bounds,
  ) {}

  /** When it resolves, the batch may be acknowledged. */
  async take(batch: DecodedBatch): Promise<void> {
    const bounds = this.bounds();
    const events: StoredEvent[] = [];
    const letters: DeadLetter[] = [];
    for (const { offset, key, payload, content } of batch.records) {
      const judged = judge(content, bounds);
      if ('event' in judged) events.push({ offset, event: judged.event });
      else
        letters.push({ topic: batch.topic, partition: batch.partition, offset, key, reason: judged.fault.slice(0, MAX_REASON), payload });
    }
    const { kind, topic, partition, firstOffset, lastOffset } = batch;
    await this.store.write({ kind, topic, partition, firstOffset, lastOffset, events });
    if (letters.length > 0) await this.deadLetters.add(letters);
    this.observer.ingested(kind, events.length, letters.length, lastOffset);
  }
}

/** The event, if it can be learnt from, or why not. */
export function judge(content: DecodedRecord['content'], bounds: Bounds): DecodedRecord['content'] {
  if ('fault' in content) return content;
  const faults = faultsOf(content.event, bounds);
  if (faults.length === 0) return content;
  return { fault: faults.map(({ field, description }) => `${field}: ${description}`).join('; ') };
}
