import { decimal, flag, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
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
  GQR_GENERATION_BACKEND: z
    .enum(['llama.cpp', 'vllm', 'vllm-engine', 'openai'])
    .default('llama.cpp')
    .describe(
      "What runs the language model: llama.cpp in this process, or servers that speak vLLM's native gRPC, that of its engine alone, or its HTTP",
    ),
  GQR_VLLM_TARGETS: z
    .string()
    .default('')
    .transform((list) => list.split(',').filter((target) => target !== ''))
    .describe('Servers, with commas between: host:port or dns:///name:port for vllm and vllm-engine, URLs for openai'),
  GQR_VLLM_API_KEY: z.string().default('').describe('Bearer token for openai; empty for none'),
  GQR_VLLM_REGISTRY: z.string().default('').describe('GQR_REGISTRY as the servers see it, for adapters; empty if they see the same'),
  GQR_VLLM_SCORES: flag
    .default(true)
    .describe('Whether servers may be asked to score; false for vLLM on a CPU with LoRA, which dies of it'),
  GQR_VLLM_CONCURRENCY: integer(1, 10_000).default(64).describe('Calls that work on a prompt at the same time, over all servers'),
  GQR_VLLM_PATIENCE_SECONDS: decimal(0.1, 600).default(10).describe('Longest wait for the next piece of a text, or any other answer'),
  GQR_VLLM_RECONCILE_SECONDS: decimal(0.1, 600).default(5).describe('How often servers are looked after: readiness, adapters'),
  GQR_VLLM_CIRCUIT_SECONDS: decimal(0.1, 600).default(2).describe('How long calls are kept away from a server that fails'),
  GQR_VLLM_START_SECONDS: decimal(0, 86_400).default(600).describe('How long a start waits for the first server to be ready'),
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
