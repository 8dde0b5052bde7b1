import { decimal, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'dml', 'coreml', 'webgpu'];

const variables = z.object({
  ...serviceVariables,
  GQR_REGISTRY: z.string().min(1).describe('Directory of the model registry'),
  GQR_CTR_EXECUTION_PROVIDERS: z
    .string()
    .default('cpu')
    .transform((value) => value.split(',').map((name) => name.trim().toLowerCase()))
    .refine((names) => names.every((name) => PROVIDERS.includes(name)), `must be a comma-separated list out of ${PROVIDERS.join(', ')}`)
    .describe('ONNX Runtime execution providers to try, in this order; the first that works is taken'),
  GQR_CTR_SESSIONS: integer(1, 64).default(1).describe('Sessions, each in a thread of its own with its own copy of the weights'),
  GQR_CTR_THREADS: integer(1, 256).default(1).describe('Threads of one session; 1 where cores are shared'),
  GQR_CTR_BATCH_TOKENS: integer(64, 1_048_576).default(2_048).describe('Most tokens of a batch, padding included'),
  GQR_CTR_BATCH_INPUTS: integer(1, 16_384).default(128).describe('Most inputs of a batch'),
  GQR_CTR_QUEUE_INPUTS: integer(1, 1_000_000)
    .default(4_096)
    .describe('Most inputs that wait, where a request counts as half of it at most; more are refused with RESOURCE_EXHAUSTED'),
  GQR_CTR_SHADOW_SHARE: decimal(0, 1).default(1).describe('Share of the calls that a shadow scores as well, where there is one'),
});

export type CtrConfig = z.output<typeof variables>;

export function readCtrConfig(): CtrConfig {
  return readConfig(variables, process.env);
}
