import { describe, it } from 'vitest';
import type { LlamaVocabulary } from '../../src/adapters/llama/llama-vocabulary.js';
import { EngineTextServer } from '../../src/adapters/vllm/engine-text-server.js';
import { GrpcTextServer } from '../../src/adapters/vllm/grpc-text-server.js';
import { OpenAiTextServer } from '../../src/adapters/vllm/openai-text-server.js';
import { NO_MODEL, realModel } from '../real-model.js';
import { liveServerContract } from './live-server.contract.js';

const SPEAKS = [
  ['GQR_TEST_VLLM', 'a real vLLM over gRPC', (address: string) => new GrpcTextServer(address)],
  [
    'GQR_TEST_VLLM_ENGINE',
    "a real vLLM over its engine's gRPC",
    (address: string, vocabulary: LlamaVocabulary) => new EngineTextServer(address, vocabulary),
  ],
  ['GQR_TEST_VLLM_HTTP', 'a real vLLM over HTTP', (address: string) => new OpenAiTextServer(address, '')],
] as const;

for (const [variable, name, connect] of SPEAKS) {
  describe(name, () => {
    const address = process.env[variable];
    const absent =
      address === undefined
        ? `needs a vLLM with the base model: ${variable} names it (README.md)`
        : realModel === undefined
          ? NO_MODEL
          : undefined;
    if (address === undefined || absent !== undefined) {
      it('writes lists', ({ skip }) => {
        skip(true, absent);
      });
      return;
    }
    const scores = process.env['GQR_TEST_VLLM_SCORES'] !== 'false';
    liveServerContract(name, () => ({ address, connect, scores }), variable !== 'GQR_TEST_VLLM_ENGINE');
  });
}
