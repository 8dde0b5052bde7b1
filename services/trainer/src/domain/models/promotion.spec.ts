import { describe, expect, it } from 'vitest';
import { FakeModelStore, FakeServing } from '../../../test/fakes.js';
import { ModelRefusedError, NoEarlierVersionError, Promotion } from './promotion.js';

const { signal } = new AbortController();
const id = (version: string): { kind: string; version: string } => ({ kind: 'ctr', version });

function setUp(): { models: FakeModelStore; serving: FakeServing; promotion: Promotion } {
  const models = new FakeModelStore();
  const serving = new FakeServing();
  return { models, serving, promotion: new Promotion(models, serving) };
}

describe('promotion', () => {
  it('has the service load the model, moves the channel, and says what was stable before', async () => {
    const { models, serving, promotion } = setUp();
    expect(await promotion.promote(id('v1'), signal)).toBeUndefined();
    expect(await promotion.promote(id('v2'), signal)).toBe('v1');
    expect(await models.stable('ctr')).toBe('v2');
    expect(serving.loaded.at(-1)).toEqual(id('v2'));
  });

  it('changes nothing when the service refuses the model', async () => {
    const { models, serving, promotion } = setUp();
    await promotion.promote(id('v1'), signal);
    serving.refusal = 'its self-test failed';
    await expect(promotion.promote(id('v2'), signal)).rejects.toThrow(ModelRefusedError);
    expect(await models.stable('ctr')).toBe('v1');
  });

  it('asks again after the channel moved, for a service that was restarted in between came back with the old model', async () => {
    const { models, serving, promotion } = setUp();
    const channelAtLoad: (string | undefined)[] = [];
    serving.load = async () => {
      channelAtLoad.push(await models.stable('ctr'));
    };
    await promotion.promote(id('v1'), signal);
    expect(channelAtLoad).toEqual([undefined, 'v1']);
  });

  it('goes back to the version before, and back again', async () => {
    const { models, promotion } = setUp();
    await promotion.promote(id('v1'), signal);
    await promotion.promote(id('v2'), signal);
    expect(await promotion.rollback('ctr', signal)).toBe('v1');
    expect(await models.stable('ctr')).toBe('v1');
    expect(await promotion.rollback('ctr', signal)).toBe('v2');
  });

  it('says so when there is nothing to go back to', async () => {
    const { promotion } = setUp();
    await promotion.promote(id('v1'), signal);
    await expect(promotion.rollback('ctr', signal)).rejects.toThrow(NoEarlierVersionError);
  });
});
