import { describe, expect, it } from 'vitest';
import { ServingPolicyError, UnknownPolicyError, UnusablePolicyError } from '../errors.js';
import { FakeLanguageBackend } from '../testing/fake-language-backend.js';
import { BASE_VERSION, PolicySet, type PolicyStore } from './policy-set.js';

const store: PolicyStore = {
  stable: (taskId) => Promise.resolve({ suggestion: 'v1', broken: 'damaged' }[taskId]),
  fetch: (taskId, version) =>
    Promise.resolve({ taskId, version, folder: version, baseModelSha256: version === 'foreign' ? 'other-sha' : 'base-sha' }),
};
const ignore = (): void => undefined;

describe('a set of policies', () => {
  it('serves the stable policy, and the base model where there is none', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    await policies.serveStable(['suggestion', 'hint'], ignore);
    expect(policies.servingVersion('suggestion')).toBe('v1');
    expect(policies.servingVersion('hint')).toBe(BASE_VERSION);
  });

  it('serves the base model when the stable policy is damaged, and says so', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    const told: string[] = [];
    await policies.serveStable(['broken'], (taskId, error) => told.push(`${taskId}: ${error.message}`));
    expect(policies.servingVersion('broken')).toBe(BASE_VERSION);
    expect(told).toEqual(['broken: policy damaged of broken cannot be loaded: bad magic']);
  });

  it.each(['damaged', 'foreign'])('keeps the old policy when the new one is %s', async (version) => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    await policies.serveStable(['suggestion'], ignore);
    await expect(policies.load('suggestion', version, true)).rejects.toThrow(UnusablePolicyError);
    expect(policies.servingVersion('suggestion')).toBe('v1');
    expect(await policies.use('suggestion', '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v1');
  });

  it('lets a call finish on the policy with which it began, and closes that afterwards', async () => {
    const backend = new FakeLanguageBackend();
    const policies = new PolicySet(backend, store);
    await policies.serveStable(['suggestion'], ignore);
    const finish = Promise.withResolvers<undefined>();
    const call = policies.use('suggestion', '', async ({ artefact }) => {
      await finish.promise;
      return artefact.version;
    });
    await policies.load('suggestion', 'v2', true);
    const old = backend.loaded.get('suggestion/v1');
    expect(old?.closed).toBe(false);
    expect(await policies.use('suggestion', '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v2');
    finish.resolve(undefined);
    expect(await call).toBe('v1');
    expect(old?.closed).toBe(true);
  });

  it('can hold a policy beside the serving one, and unload it', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
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
