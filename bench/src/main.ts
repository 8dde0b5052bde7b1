import { benchCtr } from './ctr/bench-ctr.js';
import { benchGateway } from './gateway/bench-gateway.js';
import { benchGeneration } from './generation/bench-generation.js';
import { benchRollout } from './rollout/bench-rollout.js';
import { benchMemory } from './system/bench-memory.js';
import { benchStart } from './system/bench-start.js';
import { benchVllm } from './vllm/bench-vllm.js';

const BENCHMARKS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  ctr: benchCtr,
  gateway: benchGateway,
  generation: benchGeneration,
  memory: benchMemory,
  rollout: benchRollout,
  start: benchStart,
  vllm: benchVllm,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = BENCHMARKS[name];
if (bench === undefined) {
  console.error(`Say which benchmark: npm run bench -- ${Object.keys(BENCHMARKS).join('|')}\nbench/README.md says what each measures.`);
  process.exitCode = 2;
} else {
  await bench(args);
  // Clients and language models leave handles behind that would keep this process alive.
  process.exit();
}
