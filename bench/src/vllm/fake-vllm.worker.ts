import { parentPort, workerData } from 'node:worker_threads';
import { toBinary } from '@bufbuild/protobuf';
import { GenerateRequestSchema } from '@gqr/protos/vllm/inference';
import { startFakeVllm } from './fake-vllm.js';

const { llmMs } = workerData as { readonly llmMs: number };
let recorded: Uint8Array[] | undefined = [];
const address = await startFakeVllm(llmMs, (request) => recorded?.push(toBinary(GenerateRequestSchema, request)));
parentPort?.postMessage(address);
// Whoever asks gets the requests so far, and no more are kept.
parentPort?.on('message', () => {
  parentPort?.postMessage(recorded);
  recorded = undefined;
});
