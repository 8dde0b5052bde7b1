/** A span of the log, both ends included; milliseconds since the epoch. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

const DAY_MS = 86_400_000;

/** The `days` days that end with the last event. */
export function windowBefore(lastEvent: number, days: number): Window {
  return { start: lastEvent - days * DAY_MS, end: lastEvent };
}

/** Whose events are taken. */
export type TrafficFilter = 'all' | 'live' | 'simulated';

/** Whose behaviour something was learnt from. */
export type TrafficMix = 'none' | 'live' | 'simulated' | 'mixed';

export function mixOf(seen: { readonly live: number; readonly simulated: number }): TrafficMix {
  if (seen.live > 0) return seen.simulated > 0 ? 'mixed' : 'live';
  return seen.simulated > 0 ? 'simulated' : 'none';
}
