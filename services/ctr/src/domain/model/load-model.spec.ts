import { setImmediate } from 'node:timers/promises';
import { CallEndedError } from '@gqr/chassis/errors';
import { describe, expect, it } from 'vitest';
import { FakeInferenceEngine, thousandths } from '../../../test/fake-inference-engine.js';
import { FakeModelStore } from '../../../test/fake-model-store.js';
import { FakeTokenizer } from '../../../test/fake-tokenizer.js';
import { sampleBatching, sampleGolden, sampleSpec, silent, storedModel } from '../../../test/sample-model.js';
import type { CtrInput } from '../input/ctr-input.js';
import { LoadModel, type LoadObserver } from './load-model.js';
import { type GoldenRow, ModelRefusedError } from './model-store.js';
import { OpenModel } from './open-model.js';
import { type ModelInfo, NoModelError, ServingModel } from './serving-model.js';

class FakeLoadObserver implements LoadObserver {
  readonly told: string[] = [];

  serving({ version }: ModelInfo): void {
    this.told.push(`${version} serves`);
  }
  refused({ refusal }: ModelRefusedError, serving: string | undefined): void {
    this.told.push(`${refusal}, ${serving ?? 'nothing'} serves`);
  }
  absent(reason: string): void {
    this.told.push(`absent: ${reason}`);
  }
}

/** A loader over fakes. The engine of a version that is not in `engines` is a sound one. */
function loader(engines: Record<string, FakeInferenceEngine | Error> = {}) {
  const store = new FakeModelStore();
  const serving = new ServingModel();
  const observer = new FakeLoadObserver();
  const opened = new Map<string, FakeInferenceEngine>();
  const open = async (path: string): Promise<FakeInferenceEngine> => {
    const version = path.slice(1);
    const engine = engines[version] ?? new FakeInferenceEngine();
    if (engine instanceof Error) throw engine;
    opened.set(version, engine);
    return engine;
  };
  const opener = new OpenModel(store, open, sampleBatching, silent, (version, error) => {
    observer.told.push(`${version} not freed: ${String(error)}`);
  });
  const load = new LoadModel(store, opener, serving, observer);
  return { load, store, serving, opened, told: observer.told };
}

/** Golden rows of which the first is changed. */
function wrongRow(changes: Partial<GoldenRow>): GoldenRow[] {
  const [first, ...rest] = sampleGolden;
  return first === undefined ? [] : [{ ...first, ...changes }, ...rest];
}

const damaged = new ModelRefusedError('MODEL_DAMAGED', 'sha256 is wrong');

describe('loading a model', () => {
  it('swaps in the version that was asked for, or the stable one', async () => {
    const { load, store, serving, told } = loader();
    store.add('v1', storedModel('v1'));
    store.add('v2', storedModel('v2'));
    store.stable = ['v2', 'v1'];
    expect(await load.load('v1')).toMatchObject({ version: 'v1', variant: 'ctx', executionProvider: 'fake', precision: 'fp32' });
    expect(serving.version).toBe('v1');
    expect((await load.load()).version).toBe('v2');
    expect(serving.version).toBe('v2');
    expect(told).toEqual(['v1 serves', 'v2 serves']);
  });

  it('runs the self-test before the swap, so that the first call meets a warm model', async () => {
    const { load, store, serving, opened } = loader();
    store.add('v1', storedModel('v1'));
    await load.load('v1');
    // All golden rows together and each alone, then one input as every task and as an unknown one.
    expect(opened.get('v1')?.batches.map((batch) => batch.length)).toEqual([2, 1, 1, 3]);
    expect(opened.get('v1')?.batches[3]?.map(({ taskId }) => taskId)).toEqual([1, 2, 0]);
    expect(serving.info.loadedAt.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    ['fp32', 0.00009, 0.0002],
    ['fp16', 0.004, 0.006],
    ['int8', 0.04, 0.06],
  ] as const)('allows a %s network the difference that belongs to its precision, and no more', async (precision, within, beyond) => {
    const { load, store, serving } = loader();
    store.add('near', storedModel('near', { precision, golden: wrongRow({ probability: 0.041 + within }) }));
    store.add('far', storedModel('far', { precision, golden: wrongRow({ probability: 0.041 + beyond }) }));
    await load.load('near');
    await expect(load.load('far')).rejects.toMatchObject({ refusal: 'SELF_TEST_FAILED' });
    expect(serving.version).toBe('near');
  });

  it('leaves a version that serves already alone', async () => {
    const { load, store, serving } = loader();
    store.add('v1', storedModel('v1'));
    await load.load('v1');
    const { loadedAt } = serving.info;
    expect((await load.load('v1')).loadedAt).toBe(loadedAt);
    expect(store.opened).toEqual(['v1']);
  });

  it('closes the old engine, though not before its last batch has ended', async () => {
    const { load, store, serving, opened, told } = loader();
    store.add('v1', storedModel('v1'));
    store.add('v2', storedModel('v2'));
    await load.load('v1');
    const old = opened.get('v1');
    old?.hold();
    const caller = new AbortController();
    const left = serving.use(async ({ inputs, queue }) =>
      queue.predict([inputs.build(inputs.prefix('hint', [10], []), [50])], caller.signal),
    );
    caller.abort(new CallEndedError('cancelled'));
    await expect(left).rejects.toThrow(CallEndedError);
    await load.load('v2');
    await setImmediate();
    expect(old?.closed).toBe(0);
    old?.end();
    await setImmediate();
    expect(old?.closed).toBe(1);
    expect(told).toEqual(['v1 serves', 'v2 serves']);
  });

  it('tells of a replaced model that could not be freed, and nobody fails for it', async () => {
    const stuck = new FakeInferenceEngine();
    stuck.close = () => Promise.reject(new Error('stuck'));
    const { load, store, told } = loader({ v1: stuck });
    store.add('v1', storedModel('v1'));
    store.add('v2', storedModel('v2'));
    await load.load('v1');
    expect((await load.load('v2')).version).toBe('v2');
    await setImmediate();
    expect(told).toEqual(['v1 serves', 'v2 serves', 'v1 not freed: Error: stuck']);
  });

  it('loads one model at a time, and what was asked for last serves last', async () => {
    const { load, store, serving } = loader();
    for (const version of ['v1', 'v2', 'v3']) store.add(version, storedModel(version));
    store.add('bad', damaged);
    await Promise.allSettled([load.load('v1'), load.load('bad'), load.load('v3'), load.load('v2')]);
    expect(store.opened).toEqual(['v1', 'bad', 'v3', 'v2']);
    expect(serving.version).toBe('v2');
  });

  it('has the old model serve while the new one is being loaded', async () => {
    const slow = new FakeInferenceEngine();
    slow.hold();
    const { load, store, serving } = loader({ v2: slow });
    store.add('v1', storedModel('v1'));
    store.add('v2', storedModel('v2'));
    await load.load('v1');
    const loading = load.load('v2');
    await setImmediate();
    expect(slow.batches).toHaveLength(1);
    expect(await serving.use(async ({ info }) => info.version)).toBe('v1');
    for (let i = 0; i < 4; i++) {
      slow.end();
      await setImmediate();
    }
    expect((await loading).version).toBe('v2');
    expect(serving.version).toBe('v2');
  });
});

const nanFor =
  (taskId: number) =>
  (input: CtrInput): number =>
    input.taskId === taskId ? NaN : thousandths(input);

describe('a model that cannot serve', () => {
  it.each([
    ['whose files are damaged', damaged, 'MODEL_DAMAGED', 'sha256 is wrong'],
    [
      'whose tokenizer is not that of its training',
      storedModel('bad', { tokenizer: Object.assign(new FakeTokenizer(), { encode: () => [77] }) }),
      'SELF_TEST_FAILED',
      'inputIds of golden row 0 differs at token 1: 77 here, 10 in training',
    ],
    [
      'whose [SEP] has another id',
      storedModel('bad', { tokenizer: Object.assign(new FakeTokenizer(), { sepId: 3 }) }),
      'SELF_TEST_FAILED',
      'inputIds of golden row 0 differs at token 4: 3 here, 2 in training',
    ],
    [
      'whose inputs were laid out in another way in training',
      storedModel('bad', { golden: wrongRow({ domainIds: [0, 0, 0, 1, 0, 2, 2] }) }),
      'SELF_TEST_FAILED',
      'domainIds of golden row 0 differs at token 4: 1 here, 0 in training',
    ],
    [
      'whose inputs were longer in training',
      storedModel('bad', { golden: wrongRow({ segmentIds: [0, 0, 0, 0, 0, 1, 1, 1] }) }),
      'SELF_TEST_FAILED',
      'segmentIds of golden row 0 differs at token 7: undefined here, 1 in training',
    ],
    [
      'that says something else than at its export',
      storedModel('bad', { golden: wrongRow({ probability: 0.0412 }) }),
      'SELF_TEST_FAILED',
      'the click probability of golden row 0 is 0.041',
    ],
    [
      'whose tokenizer throws',
      storedModel('bad', {
        tokenizer: Object.assign(new FakeTokenizer(), {
          encode: () => {
            throw new TypeError('no such state');
          },
        }),
      }),
      'SELF_TEST_FAILED',
      'the model cannot be run: no such state',
    ],
  ])('%s is refused with the reason, and the old one goes on serving', async (_, model, refusal, message) => {
    const { load, store, serving, told } = loader();
    store.add('v1', storedModel('v1'));
    store.add('bad', model);
    await load.load('v1');
    await expect(load.load('bad')).rejects.toMatchObject({
      name: 'ModelRefusedError',
      refusal,
      message: expect.stringContaining(message) as string,
    });
    expect(serving.version).toBe('v1');
    expect(told).toEqual(['v1 serves', `${refusal}, v1 serves`]);
  });

  it.each([
    ['cannot be loaded', new ModelRefusedError('MODEL_DAMAGED', 'no protobuf'), 'MODEL_DAMAGED', 'no protobuf'],
    ['says NaN', new FakeInferenceEngine(1, () => NaN), 'SELF_TEST_FAILED', 'golden row 0 is NaN here, 0.041 at export'],
    ['says NaN for a task that no golden row is of', new FakeInferenceEngine(1, nanFor(0)), 'SELF_TEST_FAILED', 'task "any other" is NaN'],
    [
      'says something else in a batch than alone',
      new FakeInferenceEngine(1, (input, batch) => thousandths(input) + (batch.length === 1 ? 0.001 : 0)),
      'SELF_TEST_FAILED',
      'golden row 0 is 0.04',
    ],
  ])('whose network %s is refused, and closed', async (_, engine, refusal, message) => {
    const { load, store, serving } = loader({ bad: engine });
    store.add('v1', storedModel('v1'));
    store.add('bad', storedModel('bad'));
    await load.load('v1');
    await expect(load.load('bad')).rejects.toMatchObject({ refusal, message: expect.stringContaining(message) as string });
    expect(serving.version).toBe('v1');
    expect(engine instanceof FakeInferenceEngine ? engine.closed : 1).toBe(1);
  });

  it('whose network fails on its golden rows is refused, and closed', async () => {
    const engine = new FakeInferenceEngine();
    const { load, store } = loader({ bad: engine });
    // Token 1,000 is not in the vocabulary of the fake network.
    const golden = wrongRow({ candidate: '40 1000', inputIds: [1, 10, 11, 20, 2, 40, 1_000] });
    store.add('bad', storedModel('bad', { golden }));
    await expect(load.load('bad')).rejects.toMatchObject({
      refusal: 'SELF_TEST_FAILED',
      message: 'the model cannot be run: a token is not in its vocabulary',
    });
    expect(engine.closed).toBe(1);
  });

  it('may differ from its export by what kernels round', async () => {
    const { load, store } = loader({ v1: new FakeInferenceEngine(1, (input) => thousandths(input) + 9e-5) });
    store.add('v1', storedModel('v1'));
    expect((await load.load('v1')).version).toBe('v1');
  });

  it('gives a reason that fits into a header, however talkative its parser is', () => {
    expect(new ModelRefusedError('MODEL_DAMAGED', 'x'.repeat(100_000)).message).toHaveLength(1_003);
  });

  it('is the answer to a call for the stable version where there is none', async () => {
    const { load, serving, told } = loader();
    await expect(load.load()).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
    expect(() => serving.info).toThrow('train one with: gqr train ctr');
    expect(told).toEqual(['MODEL_NOT_FOUND, nothing serves', expect.stringMatching(/^absent: channel "stable" names no/)]);
  });
});

describe('at start', () => {
  it('the stable model serves', async () => {
    const { load, store, serving } = loader();
    store.add('v2', storedModel('v2', { spec: { ...sampleSpec, variant: 'ctx' } }));
    store.stable = ['v2', 'v1'];
    await load.loadAtStart();
    expect([serving.version, store.opened]).toEqual(['v2', ['v2']]);
  });

  it('the latest stable model that can serve does, where the stable one cannot', async () => {
    const { load, store, serving, told } = loader({ v2: new FakeInferenceEngine(1, () => NaN) });
    store.add('v3', damaged);
    store.add('v2', storedModel('v2'));
    store.add('v1', storedModel('v1'));
    store.stable = ['v3', 'v2', 'v1', 'v0'];
    await load.loadAtStart();
    expect([serving.version, store.opened]).toEqual(['v1', ['v3', 'v2', 'v1']]);
    expect(told).toEqual(['MODEL_DAMAGED, nothing serves', 'SELF_TEST_FAILED, nothing serves', 'v1 serves']);
  });

  it('nothing serves where none can, and callers learn what is wrong with the stable one', async () => {
    const { load, store, serving, told } = loader();
    store.add('v2', damaged);
    store.stable = ['v2', 'v1'];
    await load.loadAtStart();
    await expect(serving.use(async () => 1)).rejects.toThrow(NoModelError);
    await expect(serving.use(async () => 1)).rejects.toThrow('sha256 is wrong');
    expect(told.at(-1)).toBe('absent: sha256 is wrong');
  });

  it('nothing serves on a fresh system until a model is brought', async () => {
    const { load, store, serving, told } = loader();
    await load.loadAtStart();
    expect(serving.version).toBeUndefined();
    store.add('v1', storedModel('v1'));
    expect((await load.load('v1')).version).toBe('v1');
    expect(told.at(-1)).toBe('v1 serves');
  });

  it('a registry that cannot say which model is stable is a reason too', async () => {
    const { load, store, serving } = loader();
    store.stableVersions = () => Promise.reject(new ModelRefusedError('MODEL_DAMAGED', 'channel stable is damaged'));
    await load.loadAtStart();
    expect(() => serving.info).toThrow('channel stable is damaged');
  });
});
