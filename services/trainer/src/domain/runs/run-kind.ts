import type { ModelId } from '../models/model-store.js';
import type { Metrics, StageProgress } from './run.js';

/** A folder of a run's own. It outlives a restart of the trainer, not the end of the run. */
export interface RunFolder {
  readonly path: string;
  /**
   * Does a step once in the life of a run: what it returned is kept beside the run's files, and a later attempt gets it back. It must
   * survive being written as JSON. A step that was interrupted is done again.
   */
  once<T>(step: string, work: () => Promise<T>): Promise<T>;
  /** Writes a file with a JSON document a line; returns its path. */
  writeLines(name: string, documents: Iterable<unknown>): Promise<string>;
  /** Puts files of `from`, and nothing else that lies there, into a folder of their own; returns that folder. */
  collect(name: string, from: string, files: readonly string[]): Promise<string>;
}

/** What a kind of run gets to work with. */
export interface RunWork {
  readonly runId: string;
  /** Version of the model that the run makes; the same in every attempt. */
  readonly version: string;
  readonly folder: RunFolder;
  /** Aborted when the run is cancelled or the trainer shuts down. */
  readonly signal: AbortSignal;
  /** Says how far the run is. */
  readonly report: (progress: Partial<StageProgress> & { readonly stage: string }) => void;
  /** Adds to what was measured. */
  readonly measured: (metrics: Metrics) => void;
  /** Says which model the run wrote. */
  readonly wrote: (model: ModelId) => void;
}

/** One kind of run. */
export interface RunKind<Options> {
  /** Names of its stages, in order. */
  readonly stages: readonly string[];
  /**
   * Does the run. It may be begun again after the process was killed at any moment, and then goes on from what it finds.
   * @throws RunFailedError with the remedy
   */
  execute(options: Options, work: RunWork): Promise<void>;
}
