import type { CtrInput } from '../input/ctr-input.js';

/** What a request got. */
export interface Predicted {
  /** In the order of its inputs. */
  readonly probabilities: Float64Array;
  /** Beside them; undefined if the model does not say. */
  readonly uncertainties: Float64Array | undefined;
  /** From its arrival to its first batch. */
  readonly queueMs: number;
  /** From its first batch to the end of its last. */
  readonly inferenceMs: number;
}

/** Inputs whose lengths differ by less than this are padded to each other gladly. */
const BUCKET_TOKENS = 8;

/** A request that waits, wholly or in part. */
export class WaitingRequest {
  readonly done = Promise.withResolvers<Predicted>();
  /** Inputs that it has given since its turn began. */
  turn = 0;
  private readonly probabilities: Float64Array;
  private uncertainties: Float64Array | undefined;
  /** Inputs that no batch has taken, by their bucket of length, the longest last so that it can be popped. */
  private readonly buckets = new Map<number, number[]>();
  private taken = 0;
  private finished = 0;
  private startedAt = 0;

  constructor(
    readonly inputs: readonly CtrInput[],
    private readonly arrivedAt: number,
  ) {
    this.probabilities = new Float64Array(inputs.length);
    const byLength = inputs.map((_, index) => index).sort((a, b) => this.length(a) - this.length(b));
    for (const index of byLength.reverse()) {
      const bucket = Math.ceil(this.length(index) / BUCKET_TOKENS);
      const known = this.buckets.get(bucket);
      if (known === undefined) this.buckets.set(bucket, [index]);
      else known.push(index);
    }
  }

  /** Inputs that no batch has taken. */
  get waiting(): number {
    return this.inputs.length - this.taken;
  }

  /** The bucket of its shortest input that waits; undefined if none does. */
  get shortestBucket(): number | undefined {
    // They were filled from the longest on.
    return [...this.buckets.keys()].at(-1);
  }

  /** Most tokens of an input that waits. */
  get longest(): number {
    const [longest] = this.buckets.values();
    return this.length(longest?.[0] ?? -1);
  }

  /** The shortest input that waits, of one bucket or of all. */
  next(bucket: number | undefined): { index: number; length: number } | undefined {
    const wanted = bucket ?? this.shortestBucket;
    const index = wanted === undefined ? undefined : this.buckets.get(wanted)?.at(-1);
    return index === undefined ? undefined : { index, length: this.length(index) };
  }

  /** Takes what `next` said. */
  take(bucket: number | undefined, now: number): void {
    if (this.taken === 0) this.startedAt = now;
    const wanted = bucket ?? this.shortestBucket ?? 0;
    const indices = this.buckets.get(wanted);
    indices?.pop();
    if (indices?.length === 0) this.buckets.delete(wanted);
    this.taken++;
    this.turn++;
  }

  finish(index: number, probability: number, uncertainty: number | undefined, now: number): void {
    this.probabilities[index] = probability;
    if (uncertainty !== undefined) (this.uncertainties ??= new Float64Array(this.inputs.length))[index] = uncertainty;
    this.finished++;
    if (this.finished < this.inputs.length) return;
    const { probabilities, uncertainties, startedAt, arrivedAt } = this;
    this.done.resolve({ probabilities, uncertainties, queueMs: startedAt - arrivedAt, inferenceMs: now - startedAt });
  }

  private length(index: number): number {
    return this.inputs[index]?.inputIds.length ?? 0;
  }
}
