import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { NativeSection } from './native-section.js';
import type { PackedBatch, SessionData, SessionReply } from './session-messages.js';

// The thread that owns an ONNX Runtime session: creating one and running it both block the thread that they are called from.

const INPUTS = ['input_ids', 'segment_ids', 'domain_ids', 'attention_mask', 'task_ids'];
const OUTPUT = 'probability';
/** What networks of one head do not have. */
const UNCERTAINTY = 'uncertainty';

const port = parentPort;
if (port === null) throw new Error('to be run as a worker thread');
const { path, providers, threads, section: shared } = workerData as SessionData;
const section = new NativeSection(shared);

function reply(message: SessionReply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function open(): Promise<{ session: InferenceSession; provider: string }> {
  const failures: string[] = [];
  for (const provider of providers) {
    try {
      const session = await InferenceSession.create(path, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        // Plans memory by shape, and here nearly every batch has a shape of its own.
        enableMemPattern: false,
        // Errors are thrown; they need not be written past the service's log as well.
        logSeverityLevel: 4,
      });
      return { session, provider };
    } catch (error) {
      failures.push(`${provider}: ${reason(error)}`);
    }
  }
  throw new Error(failures.join('; '));
}

function int64(values: Int32Array, dims: readonly number[]): Tensor {
  // Ids are not negative, so that the upper half of each number is zero; BigInt of each would cost ten times as much.
  const halves = new Int32Array(values.length * 2);
  for (let i = 0; i < values.length; i++) halves[2 * i] = values[i] ?? 0;
  return new Tensor('int64', new BigInt64Array(halves.buffer), dims);
}

function feedsOf({ size, length, tokens, lengths, tasks }: PackedBatch): Record<string, Tensor> {
  const dims = [size, length];
  const plane = size * length;
  const mask = new Int32Array(plane);
  for (let row = 0; row < size; row++) mask.fill(1, row * length, row * length + (lengths[row] ?? 0));
  return {
    input_ids: int64(tokens.subarray(0, plane), dims),
    segment_ids: int64(tokens.subarray(plane, 2 * plane), dims),
    domain_ids: int64(tokens.subarray(2 * plane), dims),
    attention_mask: int64(mask, dims),
    task_ids: int64(tasks, [size]),
  };
}

function floats(output: Tensor | undefined): Float32Array<ArrayBuffer> {
  if (output?.data instanceof Float32Array) return Float32Array.from(output.data);
  throw new Error('the output is not float32');
}

async function run(session: InferenceSession, batch: PackedBatch): Promise<Float32Array<ArrayBuffer>[]> {
  const feeds = feedsOf(batch);
  const names = [OUTPUT, UNCERTAINTY].filter((name) => session.outputNames.includes(name));
  section.enter();
  try {
    const outputs = await session.run(feeds, names);
    return names.map((name) => floats(outputs[name]));
  } finally {
    section.leave();
  }
}

async function close(session: InferenceSession): Promise<void> {
  section.enter();
  try {
    await session.release();
  } finally {
    section.leave();
    port?.close();
  }
}

async function serve(): Promise<void> {
  // The section is entered already: so were the library's own first steps.
  const { session, provider } = await open().finally(() => {
    section.leave();
  });
  const missing = INPUTS.filter((name) => !session.inputNames.includes(name));
  if (missing.length > 0 || session.inputNames.length !== INPUTS.length || !session.outputNames.includes(OUTPUT)) {
    throw new Error(`its inputs are ${session.inputNames.join(', ')} and its outputs ${session.outputNames.join(', ')}`);
  }
  port?.on('message', (batch: PackedBatch | 'close') => {
    if (batch === 'close') {
      void close(session);
      return;
    }
    run(session, batch).then(
      (outputs) => {
        const [probabilities = new Float32Array(), uncertainties] = outputs;
        const transfer = outputs.map(({ buffer }) => buffer);
        reply({ type: 'estimates', probabilities, uncertainties }, transfer);
      },
      (error: unknown) => {
        reply({ type: 'failed', reason: reason(error) });
      },
    );
  });
  reply({ type: 'ready', provider });
}

serve().catch((error: unknown) => {
  reply({ type: 'unusable', reason: reason(error) });
  port.close();
});
