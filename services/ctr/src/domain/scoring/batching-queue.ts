import { OverloadedError } from '@gqr/chassis/errors';
import type { CtrInput } from '../input/ctr-input.js';
import { type InferenceEngine, InferenceError } from './inference-engine.js';

export interface BatchingOptions {
  /** Most tokens of a batch, padding included. A single input is run however long it is. */
  readonly maxBatchTokens: number;
  /** Most inputs of a batch. */
  readonly maxBatchInputs: number;
  /** Most inputs that wait. One request counts as half of it at most: the largest ones are served too, and leave room beside them. */
  readonly maxQueuedInputs: number;
}

/** What is told about every batch. */
export interface QueueObserver {
  /** Inputs that wait now. */
  queued(inputs: number): void;
  /** A batch has been run. */
  batch(inputs: number, paddedTokens: number, seconds: number): void;
  /** Inputs that were never run because their caller had left. */
  abandoned(inputs: number): void;
}

/** What a request got. */
export interface Predicted {
  /** In the order of its inputs. */
  readonly probabilities: Float64Array;
  /** From its arrival to its first batch. */
  readonly queueMs: number;
  /** From its first batch to the end of its last. */
  readonly inferenceMs: number;
}

/** A request that waits, wholly or in part. */
class Job {
  readonly probabilities: Float64Array;
  readonly done = Promise.withResolvers<Predicted>();
  /** Inputs by length, so that those that are run together need little padding. */
  private readonly order: readonly number[];
  private taken = 0;
  private finished = 0;
  private readonly arrivedAt: number;
  private startedAt = 0;

  constructor(
    readonly inputs: readonly CtrInput[],
    now: number,
  ) {
    this.arrivedAt = now;
    this.probabilities = new Float64Array(inputs.length);
    this.order = inputs.map((_, index) => index).sort((a, b) => this.length(a) - this.length(b));
  }

  /** Inputs that no batch has taken. */
  get waiting(): number {
    return this.inputs.length - this.taken;
  }

  /** Tokens of the input that comes next. */
  get nextLength(): number {
    return this.length(this.order[this.taken] ?? 0);
  }

  take(now: number): number {
    if (this.taken === 0) this.startedAt = now;
    return this.order[this.taken++] ?? 0;
  }

  finish(index: number, probability: number, now: number): void {
    this.probabilities[index] = probability;
    this.finished++;
    if (this.finished < this.inputs.length) return;
    const { probabilities, startedAt, arrivedAt } = this;
    this.done.resolve({ probabilities, queueMs: startedAt - arrivedAt, inferenceMs: now - startedAt });
  }

  private length(index: number): number {
    return this.inputs[index]?.inputIds.length ?? 0;
  }
}

interface Slot {
  readonly job: Job;
  readonly index: number;
}

/**
 * Gathers the inputs of requests that come while the engine is busy into batches. Requests take turns, input by input, so that a list of
 * three does not wait behind a batch job of ten thousand. Work whose caller has left is dropped before it is run.
 */
export class BatchingQueue {
  private readonly line: Job[] = [];
  private queued = 0;
  private running = 0;
  private readonly whenIdle: (() => void)[] = [];
  /** Smoothed time that an input takes; tells a caller who is sent away when to come back. */
  private msPerInput = 1;

  constructor(
    private readonly engine: InferenceEngine,
    private readonly options: BatchingOptions,
    private readonly observer: QueueObserver,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether a request of so many inputs may wait now; asked before any work goes into it. @throws OverloadedError if it may not */
  checkRoom(inputs: number): void {
    const full = this.line.reduce((sum, job) => sum + this.share(job.waiting), 0);
    if (full + this.share(inputs) <= this.options.maxQueuedInputs) return;
    const wait = Math.ceil((this.queued * this.msPerInput) / this.engine.concurrency);
    throw new OverloadedError('the queue of the click predictor', Math.min(Math.max(wait, 10), 10_000));
  }

  /**
   * Predicts the clicks of at least one input.
   * @throws OverloadedError if too much waits already; InferenceError; the signal's reason as soon as it aborts
   */
  async predict(inputs: readonly CtrInput[], signal: AbortSignal): Promise<Predicted> {
    signal.throwIfAborted();
    this.checkRoom(inputs.length);
    const job = new Job(inputs, this.now());
    const leave = (): void => {
      this.observer.abandoned(job.waiting);
      this.remove(job, signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.line.push(job);
    this.count(inputs.length);
    this.startBatches();
    try {
      return await job.done.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Waits until no batch is under way and nothing waits for one. */
  async idle(): Promise<void> {
    if (this.running === 0) return;
    await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  private startBatches(): void {
    while (this.running < this.engine.concurrency && this.line.length > 0) {
      this.running++;
      void this.run(this.takeBatch());
    }
    if (this.running > 0) return;
    for (const tell of this.whenIdle.splice(0)) tell();
  }

  private async run(batch: readonly Slot[]): Promise<void> {
    const startedAt = this.now();
    const inputs = batch.map(({ job, index }) => job.inputs[index]).filter((input) => input !== undefined);
    try {
      const probabilities = await this.engine.run(inputs);
      if (probabilities.length !== inputs.length || !probabilities.every((p) => p >= 0 && p <= 1)) {
        throw new InferenceError('the model answered with something that is no probability');
      }
      const now = this.now();
      batch.forEach(({ job, index }, i) => {
        job.finish(index, probabilities[i] ?? 0, now);
      });
      this.measure(inputs, now - startedAt);
    } catch (error) {
      for (const job of new Set(batch.map((slot) => slot.job))) this.remove(job, error);
    } finally {
      this.running--;
      this.startBatches();
    }
  }

  private takeBatch(): Slot[] {
    const batch: Slot[] = [];
    let longest = 0;
    const now = this.now();
    for (let job = this.line[0]; job !== undefined; job = this.line[0]) {
      longest = Math.max(longest, job.nextLength);
      const isFull = batch.length === this.options.maxBatchInputs || (batch.length + 1) * longest > this.options.maxBatchTokens;
      if (batch.length > 0 && isFull) break;
      batch.push({ job, index: job.take(now) });
      this.line.shift();
      if (job.waiting > 0) this.line.push(job);
    }
    this.count(-batch.length);
    return batch;
  }

  private remove(job: Job, reason: unknown): void {
    const place = this.line.indexOf(job);
    if (place >= 0) {
      this.line.splice(place, 1);
      this.count(-job.waiting);
    }
    job.done.reject(reason instanceof Error ? reason : new InferenceError(String(reason)));
  }

  /** What a request counts for in the queue. */
  private share(inputs: number): number {
    return Math.min(inputs, Math.ceil(this.options.maxQueuedInputs / 2));
  }

  private count(change: number): void {
    this.queued += change;
    this.observer.queued(this.queued);
  }

  private measure(inputs: readonly CtrInput[], ms: number): void {
    this.msPerInput += 0.1 * (ms / inputs.length - this.msPerInput);
    const longest = Math.max(...inputs.map((input) => input.inputIds.length));
    this.observer.batch(inputs.length, inputs.length * longest, ms / 1_000);
  }
}
