import { z } from 'zod';

const id = z.number().int().nonnegative();
const ids = z.array(id).min(1);

/** input.json of a model. */
export const inputFile = z.object({
  variant: z.enum(['base', 'pid', 'ctx', 'src']),
  maxLength: z.number().int().min(8).max(4096),
  maxDomains: z.number().int().min(2).max(4096),
  tasks: z.record(z.string().min(1), id),
  unknownTask: id,
  tokenizer: z.literal('tokenizer.json'),
  /** Models of before there was another backbone have BERT's. */
  clsToken: z.string().min(1).default('[CLS]'),
  sepToken: z.string().min(1).default('[SEP]'),
  /** Models of before there were sources read none. */
  sourceTokens: z.number().int().min(1).max(4096).default(24),
  precision: z.enum(['fp32', 'fp16', 'int8']).default('fp32'),
});

/** golden.json of a model. */
export const goldenFile = z
  .array(
    z.object({
      taskId: z.string(),
      query: z.string(),
      chosen: z.array(z.string()),
      candidate: z.string(),
      answer: z.string().default(''),
      history: z.array(z.string()).default([]),
      cooccurrence: z.array(z.string()).default([]),
      inputIds: ids,
      segmentIds: ids,
      domainIds: ids,
      probability: z.number().min(0).max(1),
    }),
  )
  .min(1);
