import { parentPort, workerData } from 'node:worker_threads';
import { startFakeCooccurrence, startFakeCtr, startFakeGeneration } from './fakes.js';

/** Where the fakes listen. */
export interface FakeAddresses {
  readonly generation: string;
  readonly ctr: string;
  readonly cooccurrence: string;
}

const { llmMs } = workerData as { readonly llmMs: number };
const [generation, ctr, cooccurrence] = await Promise.all([startFakeGeneration(llmMs), startFakeCtr(), startFakeCooccurrence()]);
const addresses: FakeAddresses = { generation, ctr, cooccurrence };
parentPort?.postMessage(addresses);
