import { messageOf } from '@gqr/chassis/errors';
import { CtrInputBuilder } from '../input/ctr-input.js';
import { type BatchingOptions, BatchingQueue, type QueueObserver } from '../scoring/batching-queue.js';
import type { InferenceEngine } from '../scoring/inference-engine.js';
import { ModelRefusedError, type ModelStore, type StoredModel } from './model-store.js';
import { buildGoldenInputs, checkGoldenProbabilities, checkTasks } from './self-test.js';
import type { LoadedModel, ModelInfo, ServingModel } from './serving-model.js';

/** Loads a network from a file. @throws ModelRefusedError if it cannot be loaded or has other inputs and outputs */
export type OpenEngine = (networkPath: string) => Promise<InferenceEngine>;

/** What is told about models that come and go. */
export interface LoadObserver {
  serving(info: ModelInfo): void;
  /** `serving` is the version that goes on serving, if there is one. */
  refused(error: ModelRefusedError, serving: string | undefined): void;
  /** Nothing serves. */
  absent(reason: string): void;
  /** A model that was replaced keeps its memory. */
  notFreed(version: string, error: unknown): void;
}

/** Brings a version from the store into service: files checked, self-test passed, warm, and only then swapped in. */
export class LoadModel {
  /** One model is loaded at a time; the next one waits. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ModelStore,
    private readonly openEngine: OpenEngine,
    private readonly serving: ServingModel,
    private readonly batching: BatchingOptions,
    private readonly observers: { readonly queue: QueueObserver; readonly load: LoadObserver },
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
    if (this.serving.version !== version) this.serving.replace(await this.prepare(await this.store.open(version)));
    this.observers.load.serving(this.serving.info);
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
    this.observers.load.refused(error, this.serving.version);
    return error;
  }

  private explainAbsence({ message }: ModelRefusedError): void {
    if (this.serving.version !== undefined) return;
    this.serving.explainAbsence(message);
    this.observers.load.absent(message);
  }

  private async prepare(stored: StoredModel): Promise<LoadedModel> {
    const { version, spec } = stored;
    const inputs = new CtrInputBuilder(spec, stored.tokenizer);
    const engine = await this.testedEngine(stored, inputs);
    const queue = new BatchingQueue(engine, this.batching, this.observers.queue);
    return {
      info: { version, variant: spec.variant, executionProvider: engine.executionProvider, loadedAt: new Date() },
      inputs,
      queue,
      close: () => {
        // A batch may still be under way for callers who have left.
        const freed = queue.idle().then(() => engine.close());
        freed.catch((error: unknown) => {
          this.observers.load.notFreed(version, error);
        });
      },
    };
  }

  /** An engine that says what the network said when it was exported. The first runs of a session are slow; these warm it up as well. */
  private async testedEngine(stored: StoredModel, inputs: CtrInputBuilder): Promise<InferenceEngine> {
    let engine: InferenceEngine | undefined;
    try {
      const golden = buildGoldenInputs(inputs, stored.golden);
      engine = await this.openEngine(stored.networkPath);
      await checkGoldenProbabilities(engine, golden, stored.golden);
      await checkTasks(engine, golden, stored.spec);
      return engine;
    } catch (error) {
      await engine?.close();
      if (error instanceof ModelRefusedError) throw error;
      throw new ModelRefusedError('SELF_TEST_FAILED', `the model cannot be run: ${messageOf(error)}`);
    }
  }
}
