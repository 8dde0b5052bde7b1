import type { CtrInput } from '../input/ctr-input.js';

/** Runs a network. */
export interface InferenceEngine {
  /** Batches that it works on at the same time; more must not be given to it. */
  readonly concurrency: number;
  /** What computes: "cpu", "cuda", ... */
  readonly executionProvider: string;
  /** Click probabilities of a batch, in its order. @throws InferenceError */
  run(batch: readonly CtrInput[]): Promise<Float32Array>;
  /** Frees everything. No batch may be under way. */
  close(): Promise<void>;
}

/** A network could not be run, or what it said is no probability. Thrown by engines; the next batch may well succeed. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
}
