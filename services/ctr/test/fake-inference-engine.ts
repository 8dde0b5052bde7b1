import type { CtrInput } from '../src/domain/input/ctr-input.js';
import { type Estimates, type InferenceEngine, InferenceError } from '../src/domain/scoring/inference-engine.js';

interface UnderWay {
  readonly batch: readonly CtrInput[];
  readonly done: PromiseWithResolvers<Estimates>;
}

/** The probability of a click on the target whose last token is n: n thousandths. */
export function thousandths({ inputIds }: CtrInput): number {
  return (inputIds.at(-1) ?? 0) / 1_000;
}

/** A network that is a function, for tokens below 1,000. A test that holds it says itself when a batch ends, and how. */
export class FakeInferenceEngine implements InferenceEngine {
  readonly executionProvider = 'fake';
  /** Every batch that it was given. */
  readonly batches: (readonly CtrInput[])[] = [];
  closed = 0;
  private readonly underWay: UnderWay[] = [];
  private held = false;

  constructor(
    readonly concurrency = 1,
    private readonly predict: (input: CtrInput, batch: readonly CtrInput[]) => number = thousandths,
    /** Whether it says nothing of uncertainty; else it is a tenth of the probability. */
    private readonly isSure = true,
  ) {}

  /** From now on batches do not end by themselves. */
  hold(): void {
    this.held = true;
  }

  /** Whether a batch is under way. */
  get isBusy(): boolean {
    return this.underWay.length > 0;
  }

  /** Ends the batch that has been under way for longest: with probabilities, or with what is given. */
  end(outcome?: Float32Array | Error): void {
    const first = this.underWay.shift();
    if (first === undefined) throw new Error('no batch is under way');
    if (outcome instanceof Error) first.done.reject(outcome);
    else first.done.resolve(outcome === undefined ? this.answer(first.batch) : { probabilities: outcome, uncertainties: undefined });
  }

  async run(batch: readonly CtrInput[]): Promise<Estimates> {
    if (this.closed > 0) throw new Error('it is closed');
    if (this.underWay.length >= this.concurrency) throw new Error('it was given more batches than it takes');
    if (batch.some(({ inputIds }) => inputIds.some((id) => id >= 1_000))) throw new InferenceError('a token is not in its vocabulary');
    this.batches.push(batch);
    if (!this.held) return this.answer(batch);
    const done = Promise.withResolvers<Estimates>();
    this.underWay.push({ batch, done });
    return done.promise;
  }

  async close(): Promise<void> {
    if (this.underWay.length > 0) throw new Error('it was closed with a batch under way');
    this.closed++;
  }

  private answer(batch: readonly CtrInput[]): Estimates {
    const probabilities = Float32Array.from(batch, (input) => this.predict(input, batch));
    return { probabilities, uncertainties: this.isSure ? undefined : probabilities.map((p) => p / 10) };
  }
}
