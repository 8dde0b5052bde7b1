import { describe, expect, it } from 'vitest';
import { ServingPolicyError, UnknownPolicyError, UnusablePolicyError } from '../errors.js';
import { FakeLanguageBackend } from '../testing/fake-language-backend.js';
import { BASE_VERSION, PolicySet, type PolicyStore } from './policy-set.js';

const store: PolicyStore = {
  stable: (taskId) => Promise.resolve({ suggestion: 'v1', broken: 'damaged' }[taskId]),
  fetch: (taskId, version) =>
    Promise.resolve({ taskId, version, folder: version, baseModelSha256: version === 'foreign' ? 'other-sha' : 'base-sha' }),
};
const task = (id: string, policyOf?: string): { id: string; policyOf: string | undefined } => ({ id, policyOf });
const ignore = (): void => undefined;

describe('a set of policies', () => {
  it('serves the stable policy, and the base model where there is none', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    await policies.serveStable([task('suggestion'), task('hint')], ignore);
    expect(policies.servingVersion(task('suggestion'))).toBe('v1');
    expect(policies.servingVersion(task('hint'))).toBe(BASE_VERSION);
  });

  it('serves the base model when the stable policy is damaged, and says so', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    const told: string[] = [];
    await policies.serveStable([task('broken')], (taskId, error) => told.push(`${taskId}: ${error.message}`));
    expect(policies.servingVersion(task('broken'))).toBe(BASE_VERSION);
    expect(told).toEqual(['broken: policy damaged of broken cannot be loaded: bad magic']);
  });

  it.each(['damaged', 'foreign'])('keeps the old policy when the new one is %s', async (version) => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    await policies.serveStable([task('suggestion')], ignore);
    await expect(policies.load('suggestion', version, true)).rejects.toThrow(UnusablePolicyError);
    expect(policies.servingVersion(task('suggestion'))).toBe('v1');
    expect(await policies.use(task('suggestion'), '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v1');
  });

  it('lets a call finish on the policy with which it began, and closes that afterwards', async () => {
    const backend = new FakeLanguageBackend();
    const policies = new PolicySet(backend, store);
    await policies.serveStable([task('suggestion')], ignore);
    const finish = Promise.withResolvers<undefined>();
    const call = policies.use(task('suggestion'), '', async ({ artefact }) => {
      await finish.promise;
      return artefact.version;
    });
    await policies.load('suggestion', 'v2', true);
    const old = backend.loaded.get('suggestion/v1');
    expect(old?.closed).toBe(false);
    expect(await policies.use(task('suggestion'), '', ({ artefact }) => Promise.resolve(artefact.version))).toBe('v2');
    finish.resolve(undefined);
    expect(await call).toBe('v1');
    expect(old?.closed).toBe(true);
  });

  it('can hold a policy beside the serving one, and unload it', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    await policies.serveStable([task('suggestion')], ignore);
    await policies.load('suggestion', 'v2', false);
    expect(policies.list().map(({ artefact, serving }) => [artefact.version, serving])).toEqual([
      ['v1', true],
      ['v2', false],
    ]);
    policies.unload('suggestion', 'v2');
    expect(() => policies.unload('suggestion', 'v2')).toThrow(UnknownPolicyError);
    expect(() => policies.unload('suggestion', 'v1')).toThrow(ServingPolicyError);
  });

  it('has a task served by the policy of another until it has one of its own', async () => {
    const policies = new PolicySet(new FakeLanguageBackend(), store);
    const completion = task('completion', 'suggestion');
    await policies.serveStable([completion, task('suggestion')], ignore);
    const versionOf = (): Promise<string> =>
      policies.use(completion, '', ({ artefact }) => Promise.resolve(`${artefact.taskId}/${artefact.version}`));
    expect(await versionOf()).toBe('suggestion/v1');
    await policies.load('suggestion', 'v2', true);
    expect(await versionOf()).toBe('suggestion/v2');
    await policies.load('completion', 'v3', true);
    expect(await versionOf()).toBe('completion/v3');
  });

  it('loads the base model once, when a task first needs it, and under the name of that task', async () => {
    const backend = new FakeLanguageBackend();
    const policies = new PolicySet(backend, store);
    await policies.serveStable([task('suggestion')], ignore);
    expect([...backend.loaded.keys()]).toEqual(['suggestion/v1']);
    for (const id of ['new', 'other'])
      expect(await policies.use(task(id, 'absent'), '', ({ artefact }) => Promise.resolve(artefact.taskId))).toBe(id);
    expect(backend.loaded.size).toBe(2);
  });
});
