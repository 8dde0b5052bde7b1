import type { CtrInputBuilder } from '../input/ctr-input.js';
import type { InputSpec } from '../input/input-spec.js';
import type { BatchingQueue } from '../scoring/batching-queue.js';
import type { Precision } from './model-store.js';

/** What is known of a model that serves. */
export interface ModelInfo {
  readonly version: string;
  readonly variant: InputSpec['variant'];
  readonly executionProvider: string;
  readonly precision: Precision;
  /** When it began to serve. */
  readonly loadedAt: Date;
}

/** A model that is loaded and warm. */
export interface LoadedModel {
  readonly info: ModelInfo;
  readonly inputs: CtrInputBuilder;
  readonly queue: BatchingQueue;
  /** Begins to free it. Called once, when no call uses it any more; nobody waits for it. */
  close(): void;
}

/** No model serves, for this reason. Thrown by every rpc that needs one. */
export class NoModelError extends Error {
  override readonly name = 'NoModelError';
  constructor(reason: string) {
    super(`no click predictor serves: ${reason}`);
  }
}

interface Lease {
  readonly model: LoadedModel;
  users: number;
  retired: boolean;
}

/** The model that serves. A call keeps the model with which it began, even if another one takes its place meanwhile. */
export class ServingModel {
  private current: Lease | undefined;
  private absence = 'none has been loaded yet';

  /** @throws NoModelError */
  get info(): ModelInfo {
    return this.lease().model.info;
  }

  /** The version that serves, if any does. */
  get version(): string | undefined {
    return this.current?.model.info.version;
  }

  /** Says why there is none, to those who ask for it. */
  explainAbsence(reason: string): void {
    this.absence = reason;
  }

  /** Runs `work` with the model that serves now. @throws NoModelError */
  async use<T>(work: (model: LoadedModel) => Promise<T>): Promise<T> {
    const lease = this.lease();
    lease.users++;
    try {
      return await work(lease.model);
    } finally {
      lease.users--;
      closeIfUnused(lease);
    }
  }

  /** Has all further calls use `model`; the one before it is closed when its last call has ended. */
  replace(model: LoadedModel): void {
    this.clear();
    this.current = { model, users: 0, retired: false };
  }

  /** Has no model serve; the one that did is closed when its last call has ended. */
  clear(): void {
    const old = this.current;
    this.current = undefined;
    if (old === undefined) return;
    old.retired = true;
    closeIfUnused(old);
  }

  private lease(): Lease {
    if (this.current === undefined) throw new NoModelError(this.absence);
    return this.current;
  }
}

function closeIfUnused({ model, users, retired }: Lease): void {
  if (retired && users === 0) model.close();
}
