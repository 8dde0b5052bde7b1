import type { InputSpec, Sources, Tokenizer } from '../input/input-spec.js';

/** An input with what the model said about it when it was exported. */
export interface GoldenRow extends Sources {
  readonly taskId: string;
  readonly query: string;
  readonly chosen: readonly string[];
  readonly candidate: string;
  readonly inputIds: readonly number[];
  readonly segmentIds: readonly number[];
  readonly domainIds: readonly number[];
  readonly probability: number;
}

/** Numbers of a network: those of training, halves, or dynamically quantised ones. */
export type Precision = 'fp32' | 'fp16' | 'int8';

/** A model's files, read and checked, but not loaded. */
export interface StoredModel {
  readonly version: string;
  readonly networkPath: string;
  readonly precision: Precision;
  readonly spec: InputSpec;
  readonly tokenizer: Tokenizer;
  /** At least one. */
  readonly golden: readonly GoldenRow[];
}

/** Where models come from. */
export interface ModelStore {
  /** The version that should serve, then those that should before it, the latest first; empty if there never was one. @throws ModelRefusedError */
  stableVersions(): Promise<readonly string[]>;
  /** The version that is to be compared with the stable one. @throws ModelRefusedError if none is */
  candidateVersion(): Promise<string>;
  /** Brings a version's files, with checksums verified. @throws ModelRefusedError */
  open(version: string): Promise<StoredModel>;
}

/** Why a model cannot serve. */
export type Refusal = 'MODEL_NOT_FOUND' | 'MODEL_DAMAGED' | 'SELF_TEST_FAILED' | 'MODEL_SERVES';

/** A reason travels to callers in a header of limited size, and parsers and runtimes are talkative. */
const MAX_REASON = 1_000;

/** A model cannot serve; what served before goes on serving. */
export class ModelRefusedError extends Error {
  override readonly name = 'ModelRefusedError';
  constructor(
    readonly refusal: Refusal,
    reason: string,
  ) {
    super(reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON)}...`);
  }
}
