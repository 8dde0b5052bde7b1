import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { OnnxEngine } from '../src/adapters/onnxruntime/onnx-engine.js';
import type { NativeSection } from '../src/adapters/onnxruntime/native-section.js';
import type { SessionThread } from '../src/adapters/onnxruntime/session-thread.js';
import type { CtrInput } from '../src/domain/input/ctr-input.js';
import { InferenceError } from '../src/domain/scoring/inference-engine.js';
import { truncated, withInputRenamed } from './broken-network.js';
import { FakeInferenceEngine } from './fake-inference-engine.js';
import { inferenceEngineContract } from './inference-engine.contract.js';
import { goldenOf, tinyPath, TinyRegistry } from './tiny-model.js';

const network = tinyPath('ctx', 'model.onnx');
const exitUnderWay = new URL('./exit-under-way.js', import.meta.url).pathname;
const options = { sessions: 2, threads: 1, providers: ['cpu'] };

function inputOf(inputIds: readonly number[], segmentIds: readonly number[], domainIds: readonly number[]): CtrInput {
  const [ids, segments, domains] = [inputIds, segmentIds, domainIds].map((numbers) => Int32Array.from(numbers));
  return { inputIds: ids ?? new Int32Array(), segmentIds: segments ?? new Int32Array(), domainIds: domains ?? new Int32Array(), taskId: 3 };
}

const golden = goldenOf('ctx').map((row) => inputOf(row.inputIds, row.segmentIds, row.domainIds));
const small = [inputOf([1, 20, 2, 500], [0, 0, 0, 1], [0, 0, 0, 1]), inputOf([1, 2, 40], [0, 0, 1], [0, 0, 1])];
/** Neither network has token a million. */
const unrunnable = inputOf([2, 1_000_000], [0, 0], [0, 0]);

inferenceEngineContract('FakeInferenceEngine', { open: async () => new FakeInferenceEngine(2), inputs: small, unrunnable });
inferenceEngineContract('OnnxEngine', { open: () => OnnxEngine.open(network, options), inputs: golden, unrunnable });

describe('OnnxEngine', () => {
  const files = new TinyRegistry();
  afterAll(() => {
    files.remove();
  });

  it('takes the first execution provider that works, and says which', async () => {
    const engine = await OnnxEngine.open(network, { ...options, providers: ['no-such-provider', 'cpu'] });
    expect(engine.executionProvider).toBe('cpu');
    expect((await engine.run(golden)).probabilities).toHaveLength(golden.length);
    await engine.close();
  });

  it('refuses a network that no provider can load, with what each of them said', async () => {
    const opening = OnnxEngine.open(network, { ...options, providers: ['no-such-provider', 'another'] });
    await expect(opening).rejects.toMatchObject({ name: 'ModelRefusedError', refusal: 'MODEL_DAMAGED' });
    await expect(opening).rejects.toThrow(/no-such-provider: .*; another: /s);
  });

  const sound = readFileSync(network);
  it.each([
    ['is truncated', truncated(sound)],
    ['is empty', Buffer.alloc(0)],
    ['is no protobuf', Buffer.from('this is no network')],
    ['has other inputs', withInputRenamed(sound, 'task_ids', 'task_idz')],
    ['has another output', withInputRenamed(sound, 'probability', 'probabilitz')],
  ])('refuses a file that %s', async (_, content) => {
    const path = join(files.folder, 'broken.onnx');
    writeFileSync(path, content);
    await expect(OnnxEngine.open(path, options)).rejects.toMatchObject({ name: 'ModelRefusedError', refusal: 'MODEL_DAMAGED' });
  });

  it('refuses a file that is not there', async () => {
    await expect(OnnxEngine.open('/nowhere/model.onnx', options)).rejects.toMatchObject({ refusal: 'MODEL_DAMAGED' });
  });

  it('fails the batch of a thread that dies, and replaces the thread', async () => {
    const engine = await OnnxEngine.open(network, { ...options, sessions: 1 });
    const before = await engine.run(golden);
    // Nothing but a fault ends a thread, so the test reaches for it, and keeps it out of native code: see NativeSection.
    const [thread] = Reflect.get(engine, 'threads') as Set<SessionThread>;
    const worker = Reflect.get(thread ?? {}, 'worker') as Worker;
    (Reflect.get(thread ?? {}, 'section') as NativeSection).close(60_000);
    const running = engine.run(golden);
    await Promise.all([expect(running).rejects.toThrow(InferenceError), worker.terminate()]);
    expect(await engine.run(golden)).toEqual(before);
    await engine.close();
  });

  it.each([
    ['loads a network', 'loading', [0, 20, 50, 100, 200]],
    ['runs batches', 'running', [0, 5, 20, 50]],
    ['frees a network', 'closing', [0, 1, 5]],
  ])('lets a process that exits while it %s end as it was told', async (_, work, delays) => {
    for (const delay of delays) {
      const child = spawn(process.execPath, [exitUnderWay, network, work, String(delay)], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      expect([...((await once(child, 'close')) as unknown[]), said]).toEqual([7, null, '']);
    }
  });
});
