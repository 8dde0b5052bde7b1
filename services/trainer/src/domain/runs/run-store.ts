import type { Run } from './run.js';

/** Keeps runs across restarts. */
export interface RunStore {
  /** Adds a run behind all others, or replaces the one with its id. Durable when it resolves. */
  save(run: Run): Promise<void>;
  get(runId: string): Promise<Run | undefined>;
  /** The latest first. */
  latest(limit: number): Promise<Run[]>;
  /** Runs that have not ended, in the order in which they were added. */
  unfinished(): Promise<Run[]>;
}
