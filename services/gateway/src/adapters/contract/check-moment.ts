import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Violations } from './violations.js';

const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** What moments are held against. */
export interface MomentBounds {
  readonly now: () => number;
  /** How far ahead of the gateway's clock a moment may be. */
  readonly maxAheadMs: number;
}

/** A time of its own was sent to a gateway that goes by its own clock. */
export class OccurredAtNotAcceptedError extends Error {
  override readonly name = 'OccurredAtNotAcceptedError';
  constructor(field: string) {
    super(`${field}: this gateway takes the time from its own clock; leave it out, or set GQR_GATEWAY_ACCEPT_OCCURRED_AT=true for replays`);
  }
}

/**
 * Milliseconds since the epoch; undefined if there is no timestamp. Adds to `violations` if it is before the year 2000, as seconds sent as
 * milliseconds are, or too far ahead: whoever reads the log would set such an event aside after it was acknowledged.
 */
export function checkMoment(
  violations: Violations,
  field: string,
  timestamp: Timestamp | undefined,
  { now, maxAheadMs }: MomentBounds,
): number | undefined {
  if (timestamp === undefined) return undefined;
  const milliseconds = Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6);
  const sound = timestamp.nanos >= 0 && timestamp.nanos < 1e9 && milliseconds >= EARLIEST_MS && milliseconds <= now() + maxAheadMs;
  if (!sound) {
    const hours = (maxAheadMs / 3_600_000).toLocaleString('en');
    violations.add(field, `must be a moment from 2000-01-01 to ${hours} h from now; leave it out for now`);
  }
  return milliseconds;
}
