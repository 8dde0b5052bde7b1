/** A query that followed another one. */
export interface CountedNextQuery {
  /** As it is most often written. */
  readonly text: string;
  /** How often it followed. */
  readonly count: number;
  /** Share among everything that followed the same query, in (0, 1]. */
  readonly transitionProbability: number;
}

/** A query and how often it was asked. */
export interface CountedQuery {
  readonly text: string;
  readonly count: number;
}

/** What is known of the snapshot behind an index. */
export interface SnapshotInfo {
  /** Version in the registry; NO_SNAPSHOT when there is none. */
  readonly version: string;
  /** Distinct queries that have next queries. */
  readonly queries: number;
  readonly pairs: number;
  readonly builtAt?: Date;
  readonly windowStart?: Date;
  readonly windowEnd?: Date;
}

/** D_coo, read only. Queries are given in normalised form. */
export interface QueryIndex {
  readonly info: SnapshotInfo;
  /** At most `limit` next queries by descending count, then by text; none if the query is unknown. */
  nextQueries(normalisedQuery: string, limit: number): Promise<readonly CountedNextQuery[]>;
  /** At most `limit` queries by descending count, then by text. */
  popular(limit: number): Promise<readonly CountedQuery[]>;
  /** Nothing is asked of it afterwards. */
  close(): Promise<void>;
}

/** Version that is told when there is no snapshot. */
export const NO_SNAPSHOT = 'none';

/** What serves before the first snapshot was built: it knows no query. */
export class EmptyQueryIndex implements QueryIndex {
  readonly info: SnapshotInfo = { version: NO_SNAPSHOT, queries: 0, pairs: 0 };

  nextQueries(): Promise<readonly CountedNextQuery[]> {
    return Promise.resolve([]);
  }

  popular(): Promise<readonly CountedQuery[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
