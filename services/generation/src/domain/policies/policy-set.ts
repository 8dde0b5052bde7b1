import type { BackendCapabilities, LanguageBackend, PolicyArtefact, PolicyModel } from '../backend/language-backend.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import { BackendUnavailableError, ServingPolicyError, UnknownPolicyError, UnusablePolicyError } from '../errors.js';
import type { Task } from '../tasks/task.js';

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
}

/** What is needed of a task to find its policy. */
type PolicyTask = Pick<Task, 'id' | 'policyOf'>;

/**
 * The loaded policies, by task and version, and which one serves each task: its own, else that of the task which lends it its policy,
 * else the base model, of which there is one for all tasks. A policy that is replaced or unloaded is closed once the last call that uses
 * it has ended.
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

  /** Has every task served by its stable policy; where there is none or it cannot serve, which `onUnusable` is told, by the next best. */
  async serveStable(tasks: readonly PolicyTask[], onUnusable: (taskId: string, error: UnusablePolicyError) => void): Promise<void> {
    for (const { id, policyOf } of tasks) {
      const served = await this.serveOwn(id).catch((error: unknown) => {
        if (!(error instanceof UnusablePolicyError)) throw error;
        onUnusable(id, error);
        return false;
      });
      if (!served && policyOf === undefined) await this.load(id, BASE_VERSION, true);
    }
  }

  list(): readonly (LoadedPolicy & { readonly serving: boolean })[] {
    const base = this.entries.get(BASE_VERSION);
    const onBase = [...this.serving].filter(([, version]) => version === BASE_VERSION).map(([taskId]) => taskId);
    const adapters = [...this.entries.values()].filter((entry) => entry !== base);
    return [
      ...adapters.map(({ artefact, model }) => ({ artefact, model, serving: this.serving.get(artefact.taskId) === artefact.version })),
      ...(base === undefined ? [] : onBase.map((taskId) => ({ ...asOf(base, taskId), serving: true }))),
    ].sort((a, b) => keyOf(a.artefact.taskId, a.artefact.version).localeCompare(keyOf(b.artefact.taskId, b.artefact.version)));
  }

  servingVersion(task: PolicyTask): string {
    return this.servingOf(task).version;
  }

  /** Lends a policy to `work`; an empty version means the one that serves. @throws UnknownPolicyError */
  async use<T>(task: PolicyTask, version: string, work: (policy: LoadedPolicy) => Promise<T>): Promise<T> {
    const entry = await this.acquire(task, version);
    try {
      return await work(asOf(entry, task.id));
    } finally {
      this.release(entry);
    }
  }

  /** As `use`, for work that yields. */
  async *stream<T>(task: PolicyTask, version: string, work: (policy: LoadedPolicy) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    const entry = await this.acquire(task, version);
    try {
      yield* work(asOf(entry, task.id));
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
    if (this.serves(entry)) throw new ServingPolicyError(taskId, version);
    this.retire(entry);
  }

  private async serveOwn(taskId: string): Promise<boolean> {
    const version = await this.store.stable(taskId);
    if (version !== undefined) await this.load(taskId, version, true);
    return version !== undefined;
  }

  private async loadNow(taskId: string, version: string, serve: boolean): Promise<LoadedPolicy> {
    const entry = this.entries.get(keyOf(taskId, version)) ?? (await this.open(taskId, version));
    this.entries.set(keyOf(taskId, version), entry);
    const replaced = this.serving.get(taskId);
    if (serve && replaced !== version) {
      this.serving.set(taskId, version);
      this.onServe(taskId);
      const old = replaced === undefined ? undefined : this.entries.get(keyOf(taskId, replaced));
      if (old !== undefined && !this.serves(old)) this.retire(old);
    }
    return asOf(entry, taskId);
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
      return { artefact, model: await this.backend.load(artefact), users: 0 };
    } catch (error) {
      if (error instanceof BackendUnavailableError) throw error;
      throw new UnusablePolicyError(
        `policy ${version} of ${taskId} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private servingOf({ id, policyOf }: PolicyTask): { taskId: string; version: string } {
    const own = this.serving.get(id);
    if (own !== undefined) return { taskId: id, version: own };
    const lent = policyOf === undefined ? undefined : this.serving.get(policyOf);
    return lent === undefined || policyOf === undefined ? { taskId: id, version: BASE_VERSION } : { taskId: policyOf, version: lent };
  }

  private async acquire(task: PolicyTask, version: string): Promise<Entry> {
    const wanted = version === '' ? this.servingOf(task) : { taskId: task.id, version };
    const key = keyOf(wanted.taskId, wanted.version);
    // Every task can fall back on the base model, which is loaded when it is first needed.
    if (wanted.version === BASE_VERSION && !this.entries.has(key)) await this.load(task.id, BASE_VERSION, false);
    const entry = this.entries.get(key);
    if (entry === undefined) throw new UnknownPolicyError(wanted.taskId, wanted.version);
    entry.users++;
    return entry;
  }

  private release(entry: Entry): void {
    entry.users--;
    if (entry.users === 0 && !this.isHeld(entry)) void entry.model.unload();
  }

  private retire(entry: Entry): void {
    this.entries.delete(keyOf(entry.artefact.taskId, entry.artefact.version));
    if (entry.users === 0) void entry.model.unload();
  }

  private isHeld({ artefact, model }: Entry): boolean {
    return this.entries.get(keyOf(artefact.taskId, artefact.version))?.model === model;
  }

  private serves({ artefact }: Entry): boolean {
    if (artefact.version === BASE_VERSION) return [...this.serving.values()].includes(BASE_VERSION);
    return this.serving.get(artefact.taskId) === artefact.version;
  }
}

/** The base model serves every task under that task's name. */
function asOf({ artefact, model }: LoadedPolicy, taskId: string): LoadedPolicy {
  return artefact.version === BASE_VERSION ? { artefact: { ...artefact, taskId }, model } : { artefact, model };
}

function keyOf(taskId: string, version: string): string {
  return version === BASE_VERSION ? BASE_VERSION : `${taskId}/${version}`;
}
