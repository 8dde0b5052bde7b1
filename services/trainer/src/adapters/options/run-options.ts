import { InvalidRequestError } from '@gqr/chassis/errors';
import { z } from 'zod';
import { runKinds, type RunRequest } from '../../domain/runs/run.js';

const fraction = z.number().gt(0).lt(1);
const count = (min: number, max: number) => z.number().int().min(min).max(max);
const traffic = z.enum(['all', 'live', 'simulated']).default('all');

const cooccurrence = z.strictObject({
  days: count(1, 3_650).default(90),
  traffic,
  minCount: count(1, 1_000_000).default(2),
  hubShare: z.number().gt(0).max(1).default(0.05),
  hubMinimum: count(1, 1_000_000).default(20),
  maxNext: count(1, 1_000).default(100),
});

const ctr = z
  .strictObject({
    days: count(1, 3_650).default(14),
    traffic,
    attributionMinutes: z.number().gt(0).max(10_080).default(30),
    trainFraction: fraction.default(0.8),
    validationFraction: fraction.default(0.1),
    init: z.enum(['stable', 'scratch', 'pretrained']).default('stable'),
    force: z.boolean().default(false),
    backbone: z.enum(['bert', 'roberta', 'albert']).optional(),
    variant: z.enum(['base', 'pid', 'ctx', 'src']).optional(),
    positionBias: z.enum(['none', 'examination']).optional(),
    keepLayers: count(0, 48).optional(),
    newPartsRate: z.number().min(1).max(1_000).optional(),
    layers: count(1, 48).optional(),
    hidden: count(8, 4_096).optional(),
    heads: count(1, 64).optional(),
    intermediate: count(8, 16_384).optional(),
    wordVectors: z.enum(['pretrained', 'random', 'none']).optional(),
    wordWidth: count(2, 384).optional(),
    vocabulary: count(200, 100_000).optional(),
    maxLength: count(16, 512).optional(),
    sourceTokens: count(1, 512).optional(),
    embedding: count(2, 4096).optional(),
    ensemble: count(1, 64).optional(),
    precision: z.enum(['fp32', 'fp16', 'int8']).optional(),
    dropout: z.number().min(0).max(0.9).optional(),
    epochs: count(1, 1_000).optional(),
    patience: count(1, 1_000).optional(),
    batchSize: count(1, 8_192).optional(),
    learningRate: z.number().gt(0).max(1).optional(),
    device: z.enum(['auto', 'cpu', 'cuda']).optional(),
    threads: count(0, 1_024).optional(),
    seed: count(0, 2 ** 31 - 1).optional(),
  })
  .refine(({ trainFraction, validationFraction }) => trainFraction + validationFraction < 1, {
    path: ['validationFraction'],
    message: 'leaves nothing to test on; trainFraction and validationFraction must add up to less than 1',
  });

const sft = z.strictObject({
  task: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/, 'must be the id of a task, for example "suggestion"'),
  epochs: z.number().gt(0).max(100).optional(),
  learningRate: z.number().gt(0).max(0.1).optional(),
  warmupFraction: z.number().min(0).max(0.9).optional(),
  batchSize: count(1, 1_024).optional(),
  rank: count(1, 256).optional(),
  alpha: count(1, 1_024).optional(),
  dropout: z.number().min(0).max(0.9).optional(),
  maxTokens: count(16, 32_768).optional(),
  seed: count(0, 2 ** 31 - 1).optional(),
});

/** A run as it is asked for, with defaults filled in. */
export const runRequest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cooccurrence'), options: cooccurrence }),
  z.object({ kind: z.literal('ctr'), options: ctr }),
  z.object({ kind: z.literal('sft'), options: sft }),
]);

const optionNames = {
  cooccurrence: Object.keys(cooccurrence.shape),
  ctr: Object.keys(ctr.shape),
  sft: Object.keys(sft.shape),
};

/** Reads what a caller wants run. @throws InvalidRequestError naming every option that is unknown or has a wrong value */
export function parseRunRequest(kind: string, options: Readonly<Record<string, unknown>>): RunRequest {
  const known = runKinds.find((each) => each === kind);
  if (known === undefined) throw new InvalidRequestError([{ field: 'kind', description: `must be one of: ${runKinds.join(', ')}` }]);
  const parsed = runRequest.safeParse({ kind, options });
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ field: issue.path.join('.'), description: issue.message }];
    const description = `is no option of kind ${kind}; they are: ${optionNames[known].join(', ')}`;
    return issue.keys.map((key) => ({ field: `options.${key}`, description }));
  });
  throw new InvalidRequestError(violations);
}
