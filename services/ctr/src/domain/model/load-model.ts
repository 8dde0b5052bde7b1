import { ModelRefusedError, type ModelStore } from './model-store.js';
import type { OpenModel } from './open-model.js';
import type { ModelInfo, ServingModel } from './serving-model.js';

/** What is told about models that come and go. */
export interface LoadObserver {
  serving(info: ModelInfo): void;
  /** `serving` is the version that goes on serving, if there is one. */
  refused(error: ModelRefusedError, serving: string | undefined): void;
  /** Nothing serves. */
  absent(reason: string): void;
}

/** Brings a version from the store into service: files checked, self-test passed, warm, and only then swapped in. */
export class LoadModel {
  /** One model is loaded at a time; the next one waits. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ModelStore,
    private readonly opener: Pick<OpenModel, 'open'>,
    private readonly serving: ServingModel,
    private readonly observer: LoadObserver,
  ) {}

  /**
   * Loads a version, or the stable one. A version that serves already is left alone: models are immutable.
   * @throws ModelRefusedError with the reason; what served before goes on serving
   */
  load(version?: string): Promise<ModelInfo> {
    return this.inTurn(async () => {
      try {
        return await this.swapTo(version);
      } catch (error) {
        const refused = this.refused(error);
        this.explainAbsence(refused);
        throw refused;
      }
    });
  }

  /** Loads the stable version, or the latest before it that can serve. If none can, nothing serves until `load` brings one. */
  loadAtStart(): Promise<void> {
    return this.inTurn(async () => {
      const refusals: ModelRefusedError[] = [];
      for (const version of [undefined, ...(await this.onceStable())]) {
        try {
          await this.swapTo(version);
          return;
        } catch (error) {
          refusals.push(this.refused(error));
        }
      }
      const [ofStable] = refusals;
      if (ofStable !== undefined) this.explainAbsence(ofStable);
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async swapTo(wanted: string | undefined): Promise<ModelInfo> {
    const version = wanted ?? (await this.stable());
    if (this.serving.version !== version) this.serving.replace(await this.opener.open(version));
    this.observer.serving(this.serving.info);
    return this.serving.info;
  }

  private async stable(): Promise<string> {
    const [version] = await this.store.stableVersions();
    if (version !== undefined) return version;
    throw new ModelRefusedError('MODEL_NOT_FOUND', 'channel "stable" names no click predictor; train one with: gqr train ctr');
  }

  /** Versions that were stable before; a failure to say which ones is one to name the stable version as well. */
  private async onceStable(): Promise<readonly string[]> {
    return this.store.stableVersions().then(
      ([, ...older]) => older,
      () => [],
    );
  }

  private refused(error: unknown): ModelRefusedError {
    if (!(error instanceof ModelRefusedError)) throw error;
    this.observer.refused(error, this.serving.version);
    return error;
  }

  private explainAbsence({ message }: ModelRefusedError): void {
    if (this.serving.version !== undefined) return;
    this.serving.explainAbsence(message);
    this.observer.absent(message);
  }
}
