import type { BackendCapabilities, LanguageBackend, PolicyArtefact, PolicyModel } from '../backend/language-backend.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import { UnknownPolicyError, ServingPolicyError, UnusablePolicyError, BackendUnavailableError } from '../errors.js';

/** Version of the model without an adapter, which serves a task for which no policy was trained yet. */
export const BASE_VERSION = 'base';

/** Where policies come from. */
export interface PolicyStore {
  /** @throws UnusablePolicyError when it is missing or damaged */
  fetch(taskId: string, version: string): Promise<PolicyArtefact>;
  /** Version that should serve a task; undefined if none was trained. */
  stable(taskId: string): Promise<string | undefined>;
}

/** A loaded policy. */
export interface LoadedPolicy {
  readonly artefact: PolicyArtefact;
  readonly model: PolicyModel;
}

interface Entry extends LoadedPolicy {
  users: number;
  retired: boolean;
}

/**
 * The loaded policies, by task and version, and which one serves each task. A policy that is replaced or unloaded is closed once the
 * last call that uses it has ended.
 */
export class PolicySet {
  private readonly entries = new Map<string, Entry>();
  private readonly serving = new Map<string, string>();
  /** Loads of a task follow one another. */
  private readonly loading = new Map<string, Promise<unknown>>();

  constructor(
    private readonly backend: LanguageBackend,
    private readonly store: PolicyStore,
    private readonly onServe: (taskId: string) => void = () => undefined,
  ) {}

  get backendName(): string {
    return this.backend.name;
  }

  get capabilities(): BackendCapabilities {
    return this.backend.capabilities;
  }

  /** Tokenizer of the base model, and so of every policy. */
  get tokenizer(): Tokenizer {
    return this.backend.tokenizer;
  }

  /** Has every task served by its stable policy, or by the base model where there is none or it cannot serve, which `onUnusable` is told. */
  async serveStable(taskIds: readonly string[], onUnusable: (taskId: string, error: UnusablePolicyError) => void): Promise<void> {
    for (const taskId of taskIds) {
      try {
        await this.load(taskId, (await this.store.stable(taskId)) ?? BASE_VERSION, true);
      } catch (error) {
        if (!(error instanceof UnusablePolicyError)) throw error;
        onUnusable(taskId, error);
        await this.load(taskId, BASE_VERSION, true);
      }
    }
  }

  list(): readonly (LoadedPolicy & { readonly serving: boolean })[] {
    return [...this.entries.values()]
      .map(({ artefact, model }) => ({ artefact, model, serving: this.serving.get(artefact.taskId) === artefact.version }))
      .sort((a, b) => keyOf(a.artefact.taskId, a.artefact.version).localeCompare(keyOf(b.artefact.taskId, b.artefact.version)));
  }

  servingVersion(taskId: string): string | undefined {
    return this.serving.get(taskId);
  }

  /** Lends a policy to `work`; an empty version means the one that serves. @throws UnknownPolicyError */
  async use<T>(taskId: string, version: string, work: (policy: LoadedPolicy) => Promise<T>): Promise<T> {
    const entry = this.acquire(taskId, version);
    try {
      return await work(entry);
    } finally {
      this.release(entry);
    }
  }

  /** As `use`, for work that yields. */
  async *stream<T>(taskId: string, version: string, work: (policy: LoadedPolicy) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    const entry = this.acquire(taskId, version);
    try {
      yield* work(entry);
    } finally {
      this.release(entry);
    }
  }

  /** Loads a policy; if it cannot serve, all stays as it was. @throws UnusablePolicyError */
  async load(taskId: string, version: string, serve: boolean): Promise<LoadedPolicy> {
    const before = this.loading.get(taskId) ?? Promise.resolve();
    const load = before.catch(() => undefined).then(() => this.loadNow(taskId, version, serve));
    this.loading.set(taskId, load);
    return load;
  }

  /** @throws UnknownPolicyError, ServingPolicyError */
  unload(taskId: string, version: string): void {
    const entry = this.entries.get(keyOf(taskId, version));
    if (entry === undefined) throw new UnknownPolicyError(taskId, version);
    if (this.serving.get(taskId) === version) throw new ServingPolicyError(taskId, version);
    this.retire(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.entries.values()].map(({ model }) => model.unload()));
    this.entries.clear();
  }

  private async loadNow(taskId: string, version: string, serve: boolean): Promise<LoadedPolicy> {
    const entry = this.entries.get(keyOf(taskId, version)) ?? (await this.open(taskId, version));
    this.entries.set(keyOf(taskId, version), entry);
    const replaced = this.serving.get(taskId);
    if (serve && replaced !== version) {
      this.serving.set(taskId, version);
      this.onServe(taskId);
      const old = replaced === undefined ? undefined : this.entries.get(keyOf(taskId, replaced));
      if (old !== undefined) this.retire(old);
    }
    return entry;
  }

  private async open(taskId: string, version: string): Promise<Entry> {
    const artefact =
      version === BASE_VERSION
        ? { taskId, version, folder: undefined, baseModelSha256: this.backend.baseModelSha256 }
        : await this.store.fetch(taskId, version);
    if (artefact.baseModelSha256 !== this.backend.baseModelSha256) {
      throw new UnusablePolicyError(
        `policy ${version} of ${taskId} adapts base model ${artefact.baseModelSha256.slice(0, 12)}, but ${this.backend.baseModelSha256.slice(0, 12)} is loaded; train it on this base model`,
      );
    }
    try {
      return { artefact, model: await this.backend.load(artefact), users: 0, retired: false };
    } catch (error) {
      if (error instanceof BackendUnavailableError) throw error;
      throw new UnusablePolicyError(
        `policy ${version} of ${taskId} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private acquire(taskId: string, version: string): Entry {
    const wanted = version === '' ? (this.serving.get(taskId) ?? '') : version;
    const entry = this.entries.get(keyOf(taskId, wanted));
    if (entry === undefined) throw new UnknownPolicyError(taskId, wanted);
    entry.users++;
    return entry;
  }

  private release(entry: Entry): void {
    entry.users--;
    if (entry.retired && entry.users === 0) void entry.model.unload();
  }

  private retire(entry: Entry): void {
    this.entries.delete(keyOf(entry.artefact.taskId, entry.artefact.version));
    entry.retired = true;
    if (entry.users === 0) void entry.model.unload();
  }
}

function keyOf(taskId: string, version: string): string {
  return `${taskId}/${version}`;
}
