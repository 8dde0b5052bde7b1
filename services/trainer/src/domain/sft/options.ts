/** Options of an SFT run. All but the task are fields of the learner's config; what is left out has the learner's default. */
export interface SftOptions {
  /** Task whose policy is trained. */
  readonly task: string;
  readonly epochs?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly warmupFraction?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly rank?: number | undefined;
  readonly alpha?: number | undefined;
  readonly dropout?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
}
