import { RunFailedError } from '../runs/errors.js';
import type { ModelId, ModelStore } from './model-store.js';

/** The services that serve models. */
export interface Serving {
  /**
   * Has the service that serves a kind load a version; does nothing if it serves that version already.
   * @throws ModelRefusedError, ServingUnreachableError, UnservedKindError
   */
  load(id: ModelId, signal: AbortSignal): Promise<void>;
}

/** A service refused a model; it goes on serving the old one. */
export class ModelRefusedError extends RunFailedError {
  override readonly name = 'ModelRefusedError';
  constructor(id: ModelId, why: string) {
    super(`the service refused ${id.kind} ${id.version}: ${why}; channel stable is as it was, mend what is named and train again`);
  }
}

/** A service can't be reached. */
export class ServingUnreachableError extends RunFailedError {
  override readonly name = 'ServingUnreachableError';
  constructor(id: ModelId, why: string) {
    super(
      `the service that serves ${id.kind} can't be reached (${why}); channel stable is as it was, and once the service is back version ${id.version} can be promoted`,
    );
  }
}

/** No service serves models of this kind. */
export class UnservedKindError extends Error {
  override readonly name = 'UnservedKindError';
  constructor(kind: string) {
    super(`no service serves models of kind ${JSON.stringify(kind.slice(0, 80))}; the kinds are: cooccurrence, ctr, policy.<task>`);
  }
}

/** There is nothing to go back to. */
export class NoEarlierVersionError extends Error {
  override readonly name = 'NoEarlierVersionError';
  constructor(kind: string) {
    super(`channel stable of ${kind} has pointed to no other version before`);
  }
}

/** Makes models serve, one at a time. */
export class Promotion {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly models: ModelStore,
    private readonly serving: Serving,
  ) {}

  /**
   * Has the services load a model and points channel "stable" to it. If a service refuses it, nothing changes.
   * @returns the version that was stable before
   */
  promote(id: ModelId, signal: AbortSignal): Promise<string | undefined> {
    return this.inTurn(async () => {
      const before = await this.models.stable(id.kind);
      await this.swap(id, signal);
      return before;
    });
  }

  /** Goes back to the version that was stable before; called again, it returns to the one that was left. @returns that version */
  rollback(kind: string, signal: AbortSignal): Promise<string> {
    return this.inTurn(async () => {
      const before = await this.models.stableBefore(kind);
      if (before === undefined) throw new NoEarlierVersionError(kind);
      await this.swap({ kind, version: before }, signal);
      return before;
    });
  }

  private async swap(id: ModelId, signal: AbortSignal): Promise<void> {
    await this.serving.load(id, signal);
    await this.models.setStable(id);
    // A service that was restarted just before the channel moved came back with the old version.
    await this.serving.load(id, signal);
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
