import type { CtrInput } from '../input/ctr-input.js';

/** What a network says of a batch, in its order. */
export interface Estimates {
  /** Click probabilities. */
  readonly probabilities: Float32Array;
  /** How unsure it is of each, as a standard deviation; undefined if the network does not say. */
  readonly uncertainties: Float32Array | undefined;
}

/** Runs a network. */
export interface InferenceEngine {
  /** Batches that it works on at the same time; more must not be given to it. */
  readonly concurrency: number;
  /** What computes: "cpu", "cuda", ... */
  readonly executionProvider: string;
  /** @throws InferenceError */
  run(batch: readonly CtrInput[]): Promise<Estimates>;
  /** Frees everything. No batch may be under way. */
  close(): Promise<void>;
}

/** A network could not be run, or what it said is no probability. Thrown by engines; the next batch may well succeed. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
}
