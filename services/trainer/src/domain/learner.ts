import { RunFailedError } from './runs/errors.js';
import type { Metrics, StageProgress } from './runs/run.js';

/** A job for the learner. */
export interface LearnerJob {
  readonly command: 'train-ctr' | 'train-sft';
  /** Folder of the job; what the learner makes, checkpoints included, lies below it. */
  readonly folder: string;
  /** Fields of the command's config; what is left out has the learner's default. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Files and folders to read, by name. */
  readonly inputs: Readonly<Record<string, string>>;
}

export interface LearnerResult {
  readonly metrics: Metrics;
  /** Folder that `files` are relative to. */
  readonly folder: string;
  readonly files: readonly string[];
}

/** Takes gradient steps. */
export interface Learner {
  /** Makes the learner's environment if it is not there; minutes and gigabytes the first time. @throws LearnerFailedError */
  prepare(signal: AbortSignal, report: (progress: StageProgress) => void): Promise<void>;
  /**
   * Does a job; the same job again goes on from its checkpoint. Stops when the signal aborts.
   * @throws LearnerFailedError; the signal's reason
   */
  train(job: LearnerJob, signal: AbortSignal, report: (progress: StageProgress) => void): Promise<LearnerResult>;
}

/** The learner can't do a job, or ended without a word. */
export class LearnerFailedError extends RunFailedError {
  override readonly name = 'LearnerFailedError';
  constructor(reason: string, remedy: string) {
    super(`${reason}; ${remedy}`);
  }
}
