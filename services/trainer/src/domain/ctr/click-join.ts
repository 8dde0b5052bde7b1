import type { TrafficFilter, Window } from '../runs/window.js';

/** What to join, and how to part it. */
export interface JoinRules {
  readonly window: Window;
  readonly traffic: TrafficFilter;
  /** A click counts for its impression if it came at most so long after it. */
  readonly attributionMs: number;
  /** Shares of the impressions, the earliest first; what is left is the test slice. */
  readonly trainFraction: number;
  readonly validationFraction: number;
}

export const slices = ['train', 'validation', 'test'] as const;
/** Parts of the window, one after the other in time. */
export type Slice = (typeof slices)[number];

export interface SliceSummary {
  /** Parquet file, one row an impression in order of time: its task, its query, the queries shown and for each whether it was clicked. */
  readonly file: string;
  readonly impressions: number;
  /** Of these, with at least one click. */
  readonly clicked: number;
}

/** What became of the clicks: each counts once, the earliest of an impression and position. */
export interface ClickOutcomes {
  readonly joined: number;
  /** After the attribution window. */
  readonly late: number;
  /** More than a minute before its impression: clocks disagree. */
  readonly early: number;
  /** No such impression in the window. */
  readonly orphan: number;
  /** On a position that the list did not have. */
  readonly misplaced: number;
  /** Further clicks on the same position, and repeated events. */
  readonly duplicate: number;
}

export interface JoinedClicks {
  readonly slices: Readonly<Record<Slice, SliceSummary>>;
  readonly clicks: ClickOutcomes;
  readonly traffic: { readonly live: number; readonly simulated: number };
}

/** Impressions with their clicks. */
export interface ClickJoin {
  /** When the last impression was shown, in milliseconds since the epoch; undefined if none was. */
  lastImpressionAt(traffic: TrafficFilter, signal: AbortSignal): Promise<number | undefined>;
  /** Joins clicks to impressions and writes one file a slice into `folder`. */
  join(rules: JoinRules, folder: string, signal: AbortSignal): Promise<JoinedClicks>;
}
