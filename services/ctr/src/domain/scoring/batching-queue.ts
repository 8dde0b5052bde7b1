import { OverloadedError } from '@gqr/chassis/errors';
import type { CtrInput } from '../input/ctr-input.js';
import { type InferenceEngine, InferenceError } from './inference-engine.js';
import { type Predicted, WaitingRequest } from './waiting-request.js';

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

/** Inputs that a request gives before it is the turn of the next one: those of a usual list. */
const TURN_INPUTS = 16;

interface Slot {
  readonly request: WaitingRequest;
  readonly index: number;
}

/**
 * Gathers the inputs of requests that come while the engine is busy into batches. Requests take turns, a list's worth of inputs at a time, so
 * that a list of three does not wait behind a bulk request of ten thousand, and lists are done one after the other rather than all of them
 * late. Where more waits than one batch takes, a batch has inputs of about one length, those of the request whose turn it is: padding costs as
 * much as text. Work whose caller has left is dropped before it is run.
 */
export class BatchingQueue {
  private line: WaitingRequest[] = [];
  private queued = 0;
  private running = 0;
  private readonly whenIdle: (() => void)[] = [];
  private readonly turnInputs: number;
  /** Smoothed time that an input takes; tells a caller who is sent away when to come back. */
  private msPerInput = 1;

  constructor(
    private readonly engine: InferenceEngine,
    private readonly options: BatchingOptions,
    private readonly observer: QueueObserver,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.turnInputs = Math.min(TURN_INPUTS, Math.ceil(options.maxBatchInputs / 2));
  }

  /**
   * Whether a request of so many inputs may wait now; asked before any work goes into it. One that others are before and whose time would be
   * over before it is done may not: it would take the place of another that can still be answered.
   * @throws OverloadedError if it may not
   */
  checkRoom(inputs: number, timeLeftMs = Infinity): void {
    const turns = Math.ceil(inputs / this.turnInputs);
    let full = this.share(inputs);
    let ahead = 0;
    for (const { waiting } of this.line) {
      full += this.share(waiting);
      ahead += Math.min(waiting, turns * this.turnInputs);
    }
    if (full <= this.options.maxQueuedInputs && (ahead === 0 || this.msFor(ahead + inputs) <= timeLeftMs)) return;
    throw new OverloadedError('the queue of the click predictor', Math.min(Math.max(Math.ceil(this.msFor(this.queued)), 10), 10_000));
  }

  /**
   * Predicts the clicks of at least one input.
   * @throws OverloadedError if too much waits already; InferenceError; the signal's reason as soon as it aborts
   */
  async predict(inputs: readonly CtrInput[], signal: AbortSignal, timeLeftMs = Infinity): Promise<Predicted> {
    signal.throwIfAborted();
    this.checkRoom(inputs.length, timeLeftMs);
    const request = new WaitingRequest(inputs, this.now());
    const leave = (): void => {
      this.observer.abandoned(request.waiting);
      this.remove(request, signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.line.push(request);
    this.count(inputs.length);
    this.startBatches();
    try {
      return await request.done.promise;
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
    const inputs = batch.map(({ request, index }) => request.inputs[index]).filter((input) => input !== undefined);
    try {
      const { probabilities, uncertainties } = await this.engine.run(inputs);
      for (const values of [probabilities, uncertainties ?? probabilities]) {
        if (values.length === inputs.length && values.every((p) => p >= 0 && p <= 1)) continue;
        throw new InferenceError('the model answered with something that is no probability');
      }
      const now = this.now();
      batch.forEach(({ request, index }, i) => {
        request.finish(index, probabilities[i] ?? 0, uncertainties?.[i], now);
      });
      this.measure(inputs, now - startedAt);
    } catch (error) {
      for (const request of new Set(batch.map((slot) => slot.request))) this.remove(request, error);
    } finally {
      this.running--;
      this.startBatches();
    }
  }

  private takeBatch(): Slot[] {
    const batch: Slot[] = [];
    const bucket = this.fitsOneBatch() ? undefined : this.line[0]?.shortestBucket;
    while (this.takeRound(batch, bucket));
    const [waiting, hadTheirTurn]: [WaitingRequest[], WaitingRequest[]] = [[], []];
    for (const request of this.line) {
      if (request.waiting === 0) continue;
      if (request.turn < this.turnInputs) {
        waiting.push(request);
      } else {
        request.turn = 0;
        hadTheirTurn.push(request);
      }
    }
    this.line = [...waiting, ...hadTheirTurn];
    this.count(-batch.length);
    return batch;
  }

  /** Lets every request in line give inputs to a batch. Says whether another round could find more. */
  private takeRound(batch: Slot[], bucket: number | undefined): boolean {
    const { maxBatchInputs, maxBatchTokens } = this.options;
    const now = this.now();
    const before = batch.length;
    let longest = Math.max(0, ...batch.map(({ request, index }) => request.inputs[index]?.inputIds.length ?? 0));
    for (const request of this.line) {
      for (let given = 0; given < this.turnInputs; given++) {
        const next = request.next(bucket);
        if (next === undefined) break;
        longest = Math.max(longest, next.length);
        const isFull = batch.length === maxBatchInputs || (batch.length + 1) * longest > maxBatchTokens;
        if (batch.length > 0 && isFull) return false;
        request.take(bucket, now);
        batch.push({ request, index: next.index });
      }
    }
    return batch.length > before;
  }

  /** Whether all that waits fits into one batch. Then it is one, whatever its lengths. */
  private fitsOneBatch(): boolean {
    const { maxBatchInputs, maxBatchTokens } = this.options;
    if (this.queued > maxBatchInputs) return false;
    return this.queued * Math.max(...this.line.map(({ longest }) => longest)) <= maxBatchTokens;
  }

  private remove(request: WaitingRequest, reason: unknown): void {
    const place = this.line.indexOf(request);
    if (place >= 0) {
      this.line.splice(place, 1);
      this.count(-request.waiting);
    }
    request.done.reject(reason instanceof Error ? reason : new InferenceError(String(reason)));
  }

  private msFor(inputs: number): number {
    return (inputs * this.msPerInput) / this.engine.concurrency;
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
