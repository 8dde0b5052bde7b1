/** A record to append. */
export interface NewRecord {
  readonly topic: string;
  /** Records with the same key keep their order. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AppendOptions {
  /**
   * Whether to wait until the disk has the records, which is the default. Without, they survive the end of every process at once, and
   * loss of power as soon as anything that was appended later is synced.
   */
  readonly synced?: boolean;
}

/** A record as it stands in the log. */
export interface LoggedRecord extends NewRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch at which it was appended. */
  readonly appendedAt: number;
}

/** Consecutive records of one partition, from the group's position on. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: readonly LoggedRecord[];
}

export interface SubscribeOptions {
  /** Consumer group; its position is what was committed last. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Largest batch. */
  readonly maxRecords: number;
  /** A smaller batch is delivered once its oldest record is this old: small batches make small files. */
  readonly lingerMs: number;
  /**
   * Handles a batch. When it resolves, the group's position moves behind the batch. When it rejects, the same records come again
   * after a pause, for ever: whoever can't use a record sets it aside and resolves.
   */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** Told of every failed delivery. */
  readonly onError: (error: unknown) => void;
}

export interface Subscription {
  /** Delivers everything that was in the log when it was called, however small the batches; resolves when it is handled. */
  flush(): Promise<void>;
  /** Stops after the batch under way. */
  close(): Promise<void>;
}

/**
 * A durable, partitioned log with Kafka's semantics: records are delivered at least once and in order of offset within a partition.
 */
export interface EventLog {
  /** Resolves when every record is durable: it survives kill -9 and, unless it need not be synced, loss of power. */
  append(records: readonly NewRecord[], options?: AppendOptions): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** First offset of each partition of a topic that a group has not handled yet. */
  position(group: string, topic: string): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}
