import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion } from '../context.js';

/** A query that users asked next. */
export interface NextQuery {
  readonly text: string;
  /** How often it followed. */
  readonly count: bigint;
  /** The query that it followed; empty if that is the user's own. */
  readonly viaQuery: string;
  /** Similarity of `viaQuery` to the user's query, in [0, 1]. */
  readonly similarity: number;
}

/** Queries, best first, and the snapshot of the log that they come from. */
export interface FromSnapshot<T> {
  readonly queries: readonly T[];
  readonly snapshot: ModelVersion | undefined;
}

/** What users ask: after a query, and most of all. */
export interface NextQueries {
  /** Up to `limit` queries that users asked after `query`. @throws DependencyError, CallEndedError */
  retrieve(query: string, limit: number, limits: CallLimits): Promise<FromSnapshot<NextQuery>>;
  /** Up to `limit` queries that are asked most. @throws DependencyError, CallEndedError */
  listPopular(limit: number, limits: CallLimits): Promise<FromSnapshot<string>>;
}

export const NEXT_QUERIES = Symbol('NextQueries');

/** Most that the contract of co-occurrence gives in one answer. */
export const MAX_NEXT_QUERIES = 100;
