import type { TrafficFilter } from '../runs/window.js';

/** Fields of the learner's config for train-ctr; what is left out has the learner's default. */
export interface CtrTraining {
  readonly backbone?: 'bert' | 'roberta' | 'albert' | undefined;
  readonly variant?: 'base' | 'pid' | 'ctx' | 'src' | undefined;
  readonly positionBias?: 'none' | 'examination' | undefined;
  readonly keepLayers?: number | undefined;
  readonly newPartsRate?: number | undefined;
  readonly layers?: number | undefined;
  readonly hidden?: number | undefined;
  readonly heads?: number | undefined;
  readonly intermediate?: number | undefined;
  readonly wordVectors?: 'pretrained' | 'random' | 'none' | undefined;
  readonly wordWidth?: number | undefined;
  readonly vocabulary?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly sourceTokens?: number | undefined;
  readonly embedding?: number | undefined;
  readonly ensemble?: number | undefined;
  readonly precision?: 'fp32' | 'fp16' | 'int8' | undefined;
  readonly dropout?: number | undefined;
  readonly epochs?: number | undefined;
  readonly patience?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly device?: 'auto' | 'cpu' | 'cuda' | undefined;
  readonly threads?: number | undefined;
  readonly seed?: number | undefined;
}

/** Names of those fields. */
export const trainingFields = [
  'backbone',
  'variant',
  'positionBias',
  'keepLayers',
  'newPartsRate',
  'layers',
  'hidden',
  'heads',
  'intermediate',
  'wordVectors',
  'wordWidth',
  'vocabulary',
  'maxLength',
  'sourceTokens',
  'embedding',
  'ensemble',
  'precision',
  'dropout',
  'epochs',
  'patience',
  'batchSize',
  'learningRate',
  'device',
  'threads',
  'seed',
] as const satisfies readonly (keyof CtrTraining)[];

/** The encoder that runs with init "pretrained" begin with. Where it lies is the operator's to say, never a caller's. */
export interface PretrainedEncoder {
  /** A folder, or a Hugging Face name. */
  readonly name: string;
  /** sha256 of its weights. */
  readonly sha256: string;
}

/** Options of a CTR run. */
export interface CtrOptions extends CtrTraining {
  /** Days of the log, back from the last impression. */
  readonly days: number;
  readonly traffic: TrafficFilter;
  /** A click counts for its impression if it came at most so many minutes after it. */
  readonly attributionMinutes: number;
  /** Shares of the impressions, the earliest first; the rest is the test slice. */
  readonly trainFraction: number;
  readonly validationFraction: number;
  /** Begin with the weights of the stable model, if there is one, with new ones, or with those of the pretrained encoder that is configured. */
  readonly init: 'stable' | 'scratch' | 'pretrained';
  /** Ship the model even if it is worse than a baseline. */
  readonly force: boolean;
}
