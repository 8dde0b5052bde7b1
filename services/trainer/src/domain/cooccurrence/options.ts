import type { TrafficFilter } from '../runs/window.js';

/** Options of a co-occurrence run. */
export interface CooccurrenceOptions {
  /** Days of the log, back from the last query. */
  readonly days: number;
  readonly traffic: TrafficFilter;
  /** See CountingRules. */
  readonly minCount: number;
  readonly hubShare: number;
  readonly hubMinimum: number;
  readonly maxNext: number;
}
