import { ModelRefusedError, type ModelStore, type StoredModel } from '../src/domain/model/model-store.js';

/** Models in memory. */
export class FakeModelStore implements ModelStore {
  /** The stable version and those before it, the latest first. */
  stable: readonly string[] = [];
  candidate: string | undefined;
  /** Versions that were asked for. */
  readonly opened: string[] = [];
  private readonly models = new Map<string, StoredModel | ModelRefusedError>();

  /** Has `open` bring a model, or refuse it. */
  add(version: string, model: StoredModel | ModelRefusedError): void {
    this.models.set(version, model);
  }

  async stableVersions(): Promise<readonly string[]> {
    return this.stable;
  }

  async candidateVersion(): Promise<string> {
    if (this.candidate === undefined) throw new ModelRefusedError('MODEL_NOT_FOUND', 'there is no candidate');
    return this.candidate;
  }

  async open(version: string): Promise<StoredModel> {
    this.opened.push(version);
    const model = this.models.get(version);
    if (model === undefined) throw new ModelRefusedError('MODEL_NOT_FOUND', `there is no ${version}`);
    if (model instanceof ModelRefusedError) throw model;
    return model;
  }
}
