import type { TrafficFilter, Window } from '../runs/window.js';

/** What is counted, and what is left out as noise. */
export interface CountingRules {
  readonly window: Window;
  readonly traffic: TrafficFilter;
  /** A query that followed another one less often than this is left out. */
  readonly minCount: number;
  /** A query that follows more than this share of all queries that anything follows is a hub: it says nothing of any of them. */
  readonly hubShare: number;
  /** A query that follows no more than so many different queries is no hub, however few queries there are in all. */
  readonly hubMinimum: number;
  /** Most next queries kept for a query. */
  readonly maxNext: number;
  /** Most popular queries kept. */
  readonly maxPopular: number;
}

/** A query and how often it was asked, or followed. */
export interface CountedQuery {
  /** As it is most often written. */
  readonly text: string;
  readonly count: number;
}

/** A query with what followed it. */
export interface QueryWithNext {
  /** Normalised. */
  readonly key: string;
  /** As it is most often written. */
  readonly text: string;
  /** Times that anything but a hub followed it, rare next queries included. */
  readonly followed: number;
  /** By descending count, then by text; at least one. */
  readonly next: readonly CountedQuery[];
}

/** What was counted. */
export interface CountingTotals {
  readonly sessions: number;
  readonly asked: { readonly live: number; readonly simulated: number };
  readonly hubs: number;
  /** Pairs left out because they were too rare. */
  readonly rarePairs: number;
}

/** The counts of a window; usable while the work that they were given to runs. */
export interface NextQueryCounts {
  readonly totals: CountingTotals;
  /** By descending count, then by text. */
  readonly popular: readonly CountedQuery[];
  /** In order of key. */
  readonly queries: () => AsyncIterable<QueryWithNext>;
}

/** The queries that users asked, and what they asked next (paper section 3.3). */
export interface NextQueryData {
  /** When the last query was asked, in milliseconds since the epoch; undefined if none was. */
  lastQueryAt(traffic: TrafficFilter, signal: AbortSignal): Promise<number | undefined>;
  /** Counts next queries and hands them to `work`. */
  count<T>(rules: CountingRules, signal: AbortSignal, work: (counts: NextQueryCounts) => Promise<T>): Promise<T>;
}
