import { setTimeout as sleep } from 'node:timers/promises';
import { OnnxEngine } from '../src/adapters/onnxruntime/onnx-engine.js';
import type { CtrInput } from '../src/domain/input/ctr-input.js';

// A process that exits with 7 while ONNX Runtime works in its threads: node exit-under-way.js NETWORK loading|running|closing MILLISECONDS

const [path = '', work, delay] = process.argv.slice(2);
const zeros = new Int32Array(48);
const input: CtrInput = { inputIds: zeros, segmentIds: zeros, domainIds: zeros, taskId: 0 };
/** Takes far longer than it takes to exit. */
const batch = Array.from({ length: 200 }, () => input);

const open = (): Promise<OnnxEngine> => OnnxEngine.open(path, { sessions: 2, threads: 1, providers: ['cpu'] });

async function run(engine: OnnxEngine): Promise<never> {
  for (;;) await engine.run(batch);
}

if (work === 'loading') {
  void open();
} else {
  const engine = await open();
  if (work === 'running') void Promise.all([run(engine), run(engine)]);
  else void engine.close();
}
await sleep(Number(delay));
process.exit(7);
