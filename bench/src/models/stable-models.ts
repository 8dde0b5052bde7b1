import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';

const STABLE = 'stable';

/**
 * Brings one version of each kind of model to a new registry in which it serves: the one that serves in `source`, else the latest.
 * @returns kinds that were found
 */
export async function provideModels(source: string, target: string): Promise<string[]> {
  const [from, to] = [new DirectoryRegistry(source), new DirectoryRegistry(target)];
  const models = await from.list();
  const kinds = [...new Set(models.map(({ kind }) => kind))];
  for (const kind of kinds) {
    const stable = await from.channel(kind, STABLE);
    const model = models.find((candidate) => candidate.kind === kind && (stable === undefined || candidate.version === stable));
    if (model === undefined) continue;
    await to.publish(model, (await from.fetch(model)).path);
    await to.setChannel(model, STABLE);
  }
  return kinds;
}
