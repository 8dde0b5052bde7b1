import type { Event, EventKind } from '../events/event.js';

/** An event and where in the log it stood. */
export interface StoredEvent {
  readonly offset: number;
  readonly event: Event;
}

/** Events of one kind from consecutive records of one partition. Records that could not be used leave gaps. */
export interface EventBatch {
  readonly kind: EventKind;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly events: readonly StoredEvent[];
}

/** What was found of a partition when it was recovered. */
export interface Recovery {
  /** Files of a batch that was written but not acknowledged; they were deleted, since the batch comes again. */
  readonly deleted: number;
  /** Files of records that the log no longer leads up to; they were set aside, since their records may never come again. */
  readonly setAside: number;
}

/** Events by kind and day (UTC), as files of their own for every batch. */
export interface EventStore {
  /** Writes a batch. Durable when it resolves. What an unacknowledged attempt left behind of the same records is replaced. */
  write(batch: EventBatch): Promise<void>;
  /** Makes the store hold exactly the records before `position`. To be called before the first batch of a partition. */
  recover(kind: EventKind, topic: string, partition: number, position: number): Promise<Recovery>;
}
