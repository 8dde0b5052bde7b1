import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { address, decimal, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const folder = (what: string) => z.string(`must be ${what}`).transform((path) => resolve(path));

/** Instances that ship with the project. */
const SHIPPED_INSTANCES = fileURLToPath(new URL('../../../../starter/sft', import.meta.url));

const variables = z
  .object({
    ...serviceVariables,
    GQR_DATA: folder('the state folder').describe('State folder: the event store, runs'),
    GQR_REGISTRY: folder('the folder of the model registry').describe('Folder of the model registry'),
    GQR_EVENT_LOG: folder('the file of the event log').describe('File of the event log'),
    GQR_LEARNER_DIR: folder('the folder of the learner').describe('Folder of the learner'),
    GQR_LLM_MODEL: folder('the GGUF file of the base model').describe('GGUF file of the base model, the one that generation serves'),
    GQR_LLM_MODEL_SHA256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
      .describe('sha256 of that file'),
    GQR_COOCCURRENCE_ADDRESS: address.describe('Where the co-occurrence service is reached'),
    GQR_CTR_ADDRESS: address.describe('Where the CTR service is reached'),
    GQR_GENERATION_ADDRESS: address.describe('Where the generation service is reached'),
    GQR_SFT_DIR: folder('the folder of the SFT instances').default(SHIPPED_INSTANCES).describe('Folder of the SFT instances'),
    GQR_CTR_PRETRAINED: z
      .string()
      .min(1, 'must be a folder with config.json, model.safetensors and tokenizer.json, or a Hugging Face name')
      .optional()
      .describe('Pretrained encoder of click predictors that are trained with init=pretrained: a folder, or a Hugging Face name'),
    GQR_CTR_PRETRAINED_SHA256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
      .optional()
      .describe('sha256 of its model.safetensors'),
    GQR_INGEST_BATCH: integer(1, 100_000).default(5_000).describe('Most records of a batch, and so of a file'),
    GQR_INGEST_LINGER_SECONDS: decimal(0, 3_600).default(30).describe('Age at which a batch that is not full is taken'),
    GQR_INGEST_MAX_AHEAD_HOURS: decimal(0, 87_600).default(24).describe("How far ahead of this machine's clock an event may be"),
    GQR_DUCKDB_MEMORY: z
      .string()
      .regex(/^\d+(MB|GB)$/, 'must be a number with MB or GB')
      .default('512MB')
      .describe('Most memory of DuckDB'),
    GQR_DUCKDB_THREADS: integer(1, 256).default(1).describe('Threads of DuckDB'),
    GQR_RUN_MAX_ATTEMPTS: integer(1, 1_000).default(10).describe('Times that a run is begun before it is given up'),
    GQR_SERVING_PATIENCE_SECONDS: decimal(0, 3_600).default(60).describe('How long a service that is to load a model is waited for'),
    GQR_CODE_VERSION: z.string().default('0.1.0').describe('Version of the code, recorded in every model'),
  })
  .refine(({ GQR_CTR_PRETRAINED: name, GQR_CTR_PRETRAINED_SHA256: sha256 }) => (name === undefined) === (sha256 === undefined), {
    path: ['GQR_CTR_PRETRAINED_SHA256'],
    message: 'must be set together with GQR_CTR_PRETRAINED, and only then',
  });

export type Config = z.output<typeof variables>;

/** The only place that reads the environment. */
export function loadConfig(): Config {
  return readConfig(variables, process.env);
}
