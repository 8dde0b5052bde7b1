import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { integer, readConfig } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const port = integer(1, 65_535);

const variables = z.object({
  GQR_HOST: z.string().default('127.0.0.1').describe('Where the gateway listens; 0.0.0.0 for every network interface'),
  GQR_HTTP_PORT: port.optional().describe('Port of console and HTTP API'),
  GQR_GRPC_PORT: port.optional().describe('Port of gRPC'),
  GQR_PORT_BASE: integer(1, 65_500).optional().describe('First of 12 consecutive ports for everything'),
  GQR_DATA: z.string().optional().describe('Folder of all state'),
  GQR_CACHE: z.string('npm start sets it').describe('Folder of what can be fetched again'),
  GQR_LLM_MODEL: z.string('npm start sets it').describe('GGUF file of the language model'),
  GQR_LLM_MODEL_SHA256: z.string('npm start sets it').describe('Its sha256'),
  GQR_LLM_THREADS: integer(1, 256).optional().describe('Threads of the language model'),
  GQR_GATEWAY_ACCEPT_OCCURRED_AT: z
    .enum(['true', 'false'])
    .default('true')
    .describe('Whether callers may say when something happened; simulated users spread their sessions over days by it'),
  GQR_DRAIN_SECONDS: integer(0, 600).default(10).describe('Time that a service gets to finish its calls'),
});

/** The only place that reads the environment. */
export function readSupervisorConfig(root: string) {
  const config = readConfig(variables, process.env);
  return {
    ...config,
    GQR_DATA: resolve(root, config.GQR_DATA ?? join(root, '.gqr')),
    // Half of the cores: the other services want theirs while a list is written.
    GQR_LLM_THREADS: config.GQR_LLM_THREADS ?? Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2))),
  };
}
