import { describe, expect, it } from 'vitest';
import { ServingPolicyError, UnknownPolicyError, UnusablePolicyError } from '../errors.js';
import { FakeTokenModel } from '../testing/fake-token-model.js';
import { BASE_VERSION, type PolicyArtefact, type PolicyBackend, PolicySet, type PolicyStore } from './policy-set.js';

class FakeBackend implements PolicyBackend {
  readonly name = 'fake';
  readonly baseModelSha256 = 'base-sha';
  readonly opened = new Map<string, FakeTokenModel>();

  open(artefact: PolicyArtefact): Promise<FakeTokenModel> {
    if (artefact.adapterPath === 'damaged') return Promise.reject(new Error('bad magic'));
    const model = new FakeTokenModel(() => ({ a: 1 }));
    this.opened.set(`${artefact.taskId}/${artefact.version}`, model);
    return Promise.resolve(model);
  }
}

const store: PolicyStore = {
  stable: (taskId) => Promise.resolve({ suggestion: 'v1', broken: 'damaged' }[taskId]),
  fetch: (taskId, version) =>
    Promise.resolve({ taskId, version, adapterPath: version, baseModelSha256: version === 'foreign' ? 'other-sha' : 'base-sha' }),
};
const ignore = (): void => undefined;

describe('a set of policies', () => {
  it('serves the stable policy, and the base model where there is none', async () => {
    const policies = new PolicySet(new FakeBackend(), store);
    await policies.serveStable(['suggestion', 'hint'], ignore);
    expect(policies.servingVersion('suggestion')).toBe('v1');
    expect(policies.servingVersion('hint')).toBe(BASE_VERSION);
  });

  it('serves the base model when the stable policy is damaged, and says so', async () => {
    const policies = new PolicySet(new FakeBackend(), store);
    const told: string[] = [];
    await policies.serveStable(['broken'], (taskId, error) => told.push(`${taskId}: ${error.message}`));
    expect(policies.servingVersion('broken')).toBe(BASE_VERSION);
    expect(told).toEqual(['broken: policy damaged of broken cannot be loaded: bad magic']);
  });

  it.each(['damaged', 'foreign'])('keeps the old policy when the new one is %s', async (version) => {
    const policies = new PolicySet(new FakeBackend(), store);
    await policies.serveStable(['suggestion'], ignore);
    await expect(policies.load('suggestion', version, true)).rejects.toThrow(UnusablePolicyError);
    expect(policies.servingVersion('suggestion')).toBe('v1');
    expect(await policies.use('suggestion', '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v1');
  });

  it('lets a call finish on the policy with which it began, and closes that afterwards', async () => {
    const backend = new FakeBackend();
    const policies = new PolicySet(backend, store);
    await policies.serveStable(['suggestion'], ignore);
    const finish = Promise.withResolvers<undefined>();
    const call = policies.use('suggestion', '', async ({ artefact }) => {
      await finish.promise;
      return artefact.version;
    });
    await policies.load('suggestion', 'v2', true);
    const old = backend.opened.get('suggestion/v1');
    expect(old?.closed).toBe(false);
    expect(await policies.use('suggestion', '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v2');
    finish.resolve(undefined);
    expect(await call).toBe('v1');
    expect(old?.closed).toBe(true);
  });

  it('can hold a policy beside the serving one, and unload it', async () => {
    const policies = new PolicySet(new FakeBackend(), store);
    await policies.serveStable(['suggestion'], ignore);
    await policies.load('suggestion', 'v2', false);
    expect(policies.list().map(({ artefact, serving }) => [artefact.version, serving])).toEqual([
      ['v1', true],
      ['v2', false],
    ]);
    policies.unload('suggestion', 'v2');
    expect(() => policies.unload('suggestion', 'v2')).toThrow(UnknownPolicyError);
    expect(() => policies.unload('suggestion', 'v1')).toThrow(ServingPolicyError);
  });
});
