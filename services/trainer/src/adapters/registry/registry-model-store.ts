import type { ModelRegistry } from '@gqr/chassis/registry/registry';
import type { ModelId, ModelStore, NewModel } from '../../domain/models/model-store.js';

/** Channel of the models that serve. */
const STABLE = 'stable';

/** The model registry, with what the trainer knows of every model that it writes. */
export class RegistryModelStore implements ModelStore {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly codeVersion: string,
  ) {}

  async publish({ window, metrics, config, parents, ...model }: NewModel, folder: string): Promise<void> {
    const dataWindow = window && { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() };
    const complete = { ...model, metrics: { ...metrics }, config: { ...config }, parents: [...parents], dataWindow: dataWindow ?? null };
    await this.registry.publish({ ...complete, codeVersion: this.codeVersion }, folder);
  }

  async open(id: ModelId): Promise<string> {
    return (await this.registry.fetch(id)).path;
  }

  stable(kind: string): Promise<string | undefined> {
    return this.registry.channel(kind, STABLE);
  }

  async stableBefore(kind: string): Promise<string | undefined> {
    return (await this.registry.channelHistory(kind, STABLE))[0];
  }

  async setStable(id: ModelId): Promise<void> {
    await this.registry.setChannel(id, STABLE);
  }
}
