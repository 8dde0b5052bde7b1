import { setImmediate } from 'node:timers/promises';
import { unlimited } from '@gqr/chassis/grpc/call';
import { describe, expect, it } from 'vitest';
import { FakeInferenceEngine, thousandths } from '../../../test/fake-inference-engine.js';
import { FakeModelStore } from '../../../test/fake-model-store.js';
import { loadedModel, noSources } from '../../../test/sample-model.js';
import { ModelRefusedError } from '../model/model-store.js';
import { type LoadedModel, ServingModel } from '../model/serving-model.js';
import { Score } from '../scoring/score.js';
import type { AgreementFigures } from './agreement.js';
import { Shadow, type ShadowObserver, type ShadowState } from './shadow.js';

class FakeShadowObserver implements ShadowObserver {
  readonly told: string[] = [];
  started({ version }: { version: string }): void {
    this.told.push(`${version} started`);
  }
  compared({ inputs }: AgreementFigures): void {
    this.told.push(`${String(inputs)} compared`);
  }
  skipped(): void {
    this.told.push('skipped');
  }
  failed(error: unknown): void {
    this.told.push(`failed: ${String(error)}`);
  }
  ended({ info }: ShadowState): void {
    this.told.push(`${info.version} ended`);
  }
}

const list = { taskId: 'suggestion', query: '10', sources: noSources, queries: ['200', '300'] };

/** v1 serves; the shadow v2 expects twice as many clicks, and v3 orders them the other way round. */
function setUp(options: { share?: number; random?: () => number } = {}) {
  const engines = {
    v1: new FakeInferenceEngine(),
    v2: new FakeInferenceEngine(1, (input) => 2 * thousandths(input)),
    v3: new FakeInferenceEngine(1, (input) => 1 - thousandths(input)),
  };
  const models = new Map<string, LoadedModel & { closed: number }>();
  for (const [version, engine] of Object.entries(engines)) models.set(version, loadedModel(version, { engine }));
  const open = async (version: string): Promise<LoadedModel> => {
    const model = models.get(version);
    if (model === undefined) throw new ModelRefusedError('MODEL_NOT_FOUND', `there is no ${version}`);
    return model;
  };
  const serving = new ServingModel();
  const store = new FakeModelStore();
  const observer = new FakeShadowObserver();
  const shadow = new Shadow(store, { open }, serving, observer, { share: 1, ...options });
  const swapTo = async (version: string): Promise<void> => {
    serving.replace(await open(version));
  };
  const closed = (version: string): number => models.get(version)?.closed ?? NaN;
  return { shadow, serving, store, engines, swapTo, closed, score: new Score(serving, shadow), told: observer.told };
}

describe('a shadow', () => {
  it('scores what was scored, after the answer, and is compared with the model that serves', async () => {
    const { shadow, score, swapTo, engines, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    engines.v2.hold();
    const { results, model } = await score.lists([list], unlimited);
    expect([results[0]?.clickProbabilities.map((p) => p.toFixed(3)), model.version]).toEqual([['0.200', '0.300'], 'v1']);
    await setImmediate();
    engines.v2.end();
    await setImmediate();
    expect(told).toEqual(['v2 started', '2 compared']);
    const { serving, info, agreement } = shadow.state ?? expect.unreachable();
    expect([serving, info.version, agreement.inputs, agreement.pairs, agreement.pairwiseAgreement]).toEqual(['v1', 'v2', 2, 1, 1]);
    expect(agreement.meanAbsoluteDifference).toBeCloseTo(0.25, 6);
    expect(agreement.meanDifference).toBeCloseTo(0.25, 6);
  });

  it('is the candidate where no version is named', async () => {
    const { shadow, store, swapTo } = setUp();
    await swapTo('v1');
    await expect(shadow.start()).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
    store.candidate = 'v3';
    expect((await shadow.start()).info.version).toBe('v3');
  });

  it('is not the version that serves, and a refused one leaves the shadow as it is', async () => {
    const { shadow, swapTo } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    await expect(shadow.start('v1')).rejects.toMatchObject({ refusal: 'MODEL_SERVES' });
    await expect(shadow.start('v9')).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
    expect(shadow.state?.info.version).toBe('v2');
  });

  it('goes on with what it has counted when it is started again', async () => {
    const { shadow, score, swapTo, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    await score.lists([list], unlimited);
    await expect.poll(() => told.at(-1)).toBe('2 compared');
    expect((await shadow.start('v2')).agreement.inputs).toBe(2);
  });

  it('is freed when another takes its place, and when it is stopped', async () => {
    const { shadow, swapTo, closed, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    await shadow.start('v3');
    expect([closed('v2'), closed('v3')]).toEqual([1, 0]);
    expect(shadow.stop()?.info.version).toBe('v3');
    expect([closed('v2'), closed('v3'), shadow.stop(), shadow.state]).toEqual([1, 1, undefined, undefined]);
    expect(told).toEqual(['v2 started', 'v2 ended', 'v3 started', 'v3 ended']);
  });

  it('scores the share of calls that it is told to', async () => {
    const draws = [0.1, 0.5, 0.9, 0.2];
    const { shadow, score, swapTo, told } = setUp({ share: 0.5, random: () => draws.shift() ?? NaN });
    await swapTo('v1');
    await shadow.start('v2');
    for (let call = 0; call < 4; call++) {
      await score.lists([list], unlimited);
      await setImmediate();
    }
    expect(told).toEqual(['v2 started', '2 compared', '4 compared']);
  });

  it('leaves out calls that come while it scores, so that no more than one waits for it', async () => {
    const { shadow, score, swapTo, engines, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    engines.v2.hold();
    for (let call = 0; call < 3; call++) await score.lists([list], unlimited);
    await setImmediate();
    engines.v2.end();
    await setImmediate();
    expect(told).toEqual(['v2 started', 'skipped', 'skipped', '2 compared']);
  });

  it('fails without harm to the callers, and is asked again', async () => {
    const { shadow, score, swapTo, engines, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    engines.v2.hold();
    await score.lists([list], unlimited);
    await setImmediate();
    engines.v2.end(new Error('out of memory'));
    await setImmediate();
    await score.lists([list], unlimited);
    await setImmediate();
    engines.v2.end();
    await setImmediate();
    expect(told).toEqual(['v2 started', 'failed: Error: out of memory', '2 compared']);
  });

  it('begins to count anew when another model comes to serve', async () => {
    const { shadow, score, swapTo, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    await score.lists([list], unlimited);
    await setImmediate();
    await swapTo('v3');
    await score.lists([list], unlimited);
    await setImmediate();
    expect(told).toEqual(['v2 started', '2 compared', '2 compared']);
    expect(shadow.state).toMatchObject({ serving: 'v3', agreement: { inputs: 2, pairwiseAgreement: 0 } });
  });

  it('does not compare a call that ends on a model that was replaced meanwhile', async () => {
    const { shadow, score, swapTo, engines } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    engines.v1.hold();
    const late = score.lists([list], unlimited);
    await setImmediate();
    await swapTo('v3');
    await score.lists([list], unlimited);
    await setImmediate();
    engines.v1.end();
    await late;
    await setImmediate();
    expect(shadow.state).toMatchObject({ serving: 'v3', agreement: { inputs: 2 } });
  });

  it('ends when its version comes to serve', async () => {
    const { shadow, score, swapTo, told } = setUp();
    await swapTo('v1');
    await shadow.start('v2');
    await swapTo('v2');
    await score.lists([list], unlimited);
    expect(shadow.state).toBeUndefined();
    expect(told).toEqual(['v2 started', 'v2 ended']);
  });
});
