import { flag, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The rules that ship with the service. */
const SAFETY = fileURLToPath(new URL('../../safety.yaml', import.meta.url));

const variables = z.object({
  ...serviceVariables,
  GQR_TASKS_DIR: z.string().min(1).describe('Folder of the task files'),
  GQR_TASKS_RELOAD_SECONDS: integer(1, 3_600).default(2).describe('How often changed task files are looked for'),
  GQR_REGISTRY: z.string().min(1).describe('Directory of the model registry'),
  GQR_LLM_MODEL: z.string().min(1).describe('GGUF file of the base model'),
  GQR_LLM_MODEL_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')
    .describe('sha256 of that file; it is checked before the model is loaded'),
  GQR_LLM_THREADS: integer(1, 256).default(1).describe('Threads of one evaluation; 1 where cores are shared'),
  GQR_LLM_GPU: flag.default(false).describe('Whether llama.cpp may use a GPU'),
  GQR_GENERATION_CONCURRENCY: integer(1, 64).default(2).describe('Lists that are written at the same time'),
  GQR_GENERATION_QUEUE: integer(0, 10_000).default(32).describe('Callers who wait for their turn; more are sent away'),
  GQR_GENERATION_CONTEXT_TOKENS: integer(256, 32_768).default(1_024).describe('Tokens of a prompt and its response'),
  GQR_GENERATION_SAFETY: z.string().min(1).default(SAFETY).describe('File of the safety filter; "off" for none'),
  GQR_GENERATION_NEAR_DUPLICATES: flag.default(true).describe('Whether queries that only reword what is known are drawn again'),
  GQR_GENERATION_LANGUAGE: flag.default(true).describe('Whether queries in another language than the user writes are drawn again'),
  GQR_GENERATION_POOL_KEYS: integer(1, 1_000_000).default(20_000).describe('Prompts for which lists are kept'),
  GQR_GENERATION_POOL_SECONDS: integer(1, 31_536_000).default(86_400).describe('How long a kept list may be drawn'),
});

export type GenerationConfig = z.output<typeof variables>;

export function readGenerationConfig(): GenerationConfig {
  return readConfig(variables, process.env);
}
