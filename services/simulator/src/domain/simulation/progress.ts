import type { TaskId } from '../population/behaviour.js';

/** Lists come from the gateway. */
export const GATEWAY = 'gateway';

/** What is simulated. */
export interface SimulationSpec {
  readonly impressions: number;
  readonly days: number;
  readonly users: number;
  /** Number of different courses of a session; 0 for as many as sessions. */
  readonly scripts: number;
  readonly seed: bigint;
  readonly tasks: readonly TaskId[];
  readonly concurrency: number;
  /** Impressions a second at most; 0 for as fast as the gateway answers. */
  readonly rate: number;
  /** Whether users act on the wall clock and take their time, so that somebody can watch them. */
  readonly realTime: boolean;
  /** What makes the lists: "gateway", or the name of a stand-in policy, which needs no gateway and leaves no trace in its log. */
  readonly policy: string;
  /** World that the users live in: a folder, or a file of sessions; empty for the one that the service was started with. */
  readonly world: string;
}

export type SimulationState = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Counts of one task. */
export interface TaskCounts {
  readonly task: TaskId;
  readonly impressions: number;
  readonly clickedImpressions: number;
  readonly degraded: number;
}

/** A simulation as it is at one moment. */
export interface Progress {
  readonly simulationId: string;
  readonly spec: SimulationSpec;
  readonly state: SimulationState;
  readonly impressions: number;
  readonly clickedImpressions: number;
  readonly sessions: number;
  readonly failedCalls: number;
  /** Impressions a second, over the last half minute. */
  readonly rate: number;
  /** Undefined while unknown. */
  readonly secondsLeft: number | undefined;
  readonly tasks: readonly TaskCounts[];
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  /** Why it failed, with the remedy; empty if it did not. */
  readonly error: string;
  /** Folder of its report, which is there when it has ended. */
  readonly reportDirectory: string;
}

const RATE_WINDOW_MS = 30_000;

/** Impressions a second over the last half minute. */
export class RateMeter {
  /** Moments and the number of impressions then, oldest first. */
  private readonly marks: { at: number; count: number }[] = [];
  private count = 0;

  constructor(private readonly now: () => number) {
    this.marks.push({ at: now(), count: 0 });
  }

  add(): void {
    this.count++;
    const at = this.now();
    // A mark a second is enough.
    if (at - (this.marks.at(-1)?.at ?? 0) >= 1_000) this.marks.push({ at, count: this.count });
    while (this.marks.length > 1 && at - (this.marks[1]?.at ?? at) > RATE_WINDOW_MS) this.marks.shift();
  }

  get perSecond(): number {
    const [oldest] = this.marks;
    const seconds = oldest === undefined ? 0 : (this.now() - oldest.at) / 1000;
    return seconds <= 0 || oldest === undefined ? 0 : (this.count - oldest.count) / seconds;
  }
}
