import { describe, expect, it } from 'vitest';
import { FakeInferenceEngine } from '../../../test/fake-inference-engine.js';
import { loadedModel } from '../../../test/sample-model.js';
import { NoModelError, ServingModel } from './serving-model.js';

const modelOf = (version: string) => loadedModel(version, { engine: new FakeInferenceEngine() });

describe('the model that serves', () => {
  it('is none at first, and says why there is none', async () => {
    const serving = new ServingModel();
    expect(serving.version).toBeUndefined();
    expect(() => serving.info).toThrow(NoModelError);
    serving.explainAbsence('its files are damaged');
    await expect(serving.use(async () => 1)).rejects.toThrow('no click predictor serves: its files are damaged');
  });

  it('is the one that was put there last', async () => {
    const serving = new ServingModel();
    serving.replace(modelOf('v1'));
    serving.replace(modelOf('v2'));
    expect([serving.version, serving.info.version]).toEqual(['v2', 'v2']);
    expect(await serving.use(async (model) => model.info.version)).toBe('v2');
  });

  it('stays with the calls that began with it, and is closed after the last of them', async () => {
    const serving = new ServingModel();
    const [old, next] = [modelOf('old'), modelOf('new')];
    serving.replace(old);
    const [first, second] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const underWay = [first, second].map(({ promise }) =>
      serving.use(async (model) => {
        await promise;
        return model.info.version;
      }),
    );
    serving.replace(next);
    expect(await serving.use(async (model) => model.info.version)).toBe('new');
    first.resolve(undefined);
    expect(await underWay[0]).toBe('old');
    expect(old.closed).toBe(0);
    second.resolve(undefined);
    expect(await underWay[1]).toBe('old');
    expect([old.closed, next.closed]).toEqual([1, 0]);
  });

  it('is closed once when nobody uses it, and when its last call has failed', async () => {
    const serving = new ServingModel();
    const [first, second] = [modelOf('first'), modelOf('second')];
    serving.replace(first);
    await serving.use(async () => undefined);
    expect(first.closed).toBe(0);
    serving.replace(second);
    expect(first.closed).toBe(1);
    const failing = Promise.withResolvers<undefined>();
    const call = serving.use(() => failing.promise);
    serving.replace(modelOf('third'));
    expect(second.closed).toBe(0);
    failing.reject(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    expect([first.closed, second.closed]).toEqual([1, 1]);
  });

  it('can be taken away, and is closed after its last call', async () => {
    const serving = new ServingModel();
    serving.clear();
    const model = modelOf('only');
    serving.replace(model);
    const underWay = Promise.withResolvers<undefined>();
    const call = serving.use(() => underWay.promise);
    serving.clear();
    expect([serving.version, model.closed]).toEqual([undefined, 0]);
    underWay.resolve(undefined);
    await call;
    expect(model.closed).toBe(1);
  });
});
