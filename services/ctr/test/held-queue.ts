import { FakeInferenceEngine } from './fake-inference-engine.js';
import type { CtrInput } from '../src/domain/input/ctr-input.js';
import { type BatchingOptions, BatchingQueue, type QueueObserver } from '../src/domain/scoring/batching-queue.js';

/** An input of so many tokens whose click probability is n thousandths. */
export function input(n: number, length = 1): CtrInput {
  const inputIds = new Int32Array(length).fill(5);
  inputIds[length - 1] = n;
  return { inputIds, segmentIds: new Int32Array(length), domainIds: new Int32Array(length), taskId: 0 };
}
/** Inputs of one token. */
export const inputs = (...numbers: number[]): CtrInput[] => numbers.map((n) => input(n));

class FakeQueueObserver implements QueueObserver {
  waiting = 0;
  dropped = 0;
  readonly batches: { inputs: number; paddedTokens: number; seconds: number }[] = [];

  queued(count: number): void {
    this.waiting = count;
  }
  batch(count: number, paddedTokens: number, seconds: number): void {
    this.batches.push({ inputs: count, paddedTokens, seconds });
  }
  abandoned(count: number): void {
    this.dropped += count;
  }
}

/** A queue before an engine that is held, so that a test says when a batch ends, at a time that a test sets. */
export function heldQueue(options: Partial<BatchingOptions> = {}, concurrency = 1) {
  const engine = new FakeInferenceEngine(concurrency);
  engine.hold();
  const observer = new FakeQueueObserver();
  const clock = { ms: 0 };
  const limits = { maxBatchTokens: 1_000, maxBatchInputs: 100, maxQueuedInputs: 100, ...options };
  const queue = new BatchingQueue(engine, limits, observer, () => clock.ms);
  /** Last tokens of the inputs of every batch so far. */
  const batches = (): (number | undefined)[][] => engine.batches.map((batch) => batch.map(({ inputIds }) => inputIds.at(-1)));
  /** Ends a batch, and lets the next one begin. */
  const end = async (outcome?: Float32Array | Error): Promise<void> => {
    engine.end(outcome);
    await new Promise(setImmediate);
  };
  return { engine, observer, clock, queue, batches, end };
}

/** The signal of a caller who stays. */
export const never: AbortSignal = new AbortController().signal;
/** What the engine says of such inputs. */
export const thousandths = (...numbers: number[]): Float64Array => Float64Array.from(numbers, (n) => Math.fround(n / 1_000));
