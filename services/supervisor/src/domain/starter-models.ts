import type { ModelId, ModelRegistry } from '@gqr/chassis/registry/registry';

const STABLE = 'stable';

/**
 * Brings the models that ship with the project into the registry. Whatever channel "stable" points to already is left alone: what was
 * learnt here is better than what was shipped.
 * @returns the models that serve because of this
 */
export async function importStarterModels(shipped: ModelRegistry, registry: ModelRegistry): Promise<ModelId[]> {
  const promoted: ModelId[] = [];
  const known = new Set((await registry.list()).map(({ kind, version }) => `${kind}/${version}`));
  for (const model of await shipped.list()) {
    if (!known.has(`${model.kind}/${model.version}`)) await registry.publish(model, (await shipped.fetch(model)).path);
    if ((await registry.channel(model.kind, STABLE)) !== undefined) continue;
    await registry.setChannel(model, STABLE);
    promoted.push({ kind: model.kind, version: model.version });
  }
  return promoted;
}
