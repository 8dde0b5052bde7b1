import { CtrInputBuilder } from '../input/ctr-input.js';
import { type BatchingOptions, BatchingQueue, type QueueObserver } from '../scoring/batching-queue.js';
import type { InferenceEngine } from '../scoring/inference-engine.js';
import { ModelRefusedError, type ModelStore, type StoredModel } from './model-store.js';
import { buildGoldenInputs, checkGoldenProbabilities } from './self-test.js';
import type { LoadedModel, ModelInfo, ServingModel } from './serving-model.js';

/** Loads a network from a file. @throws ModelRefusedError if it cannot be loaded or has other inputs and outputs */
export type OpenEngine = (networkPath: string) => Promise<InferenceEngine>;

/** What is told about every attempt to load a model. */
export interface LoadObserver {
  serving(info: ModelInfo): void;
  /** `serving` is the version that goes on serving, if there is one. */
  refused(error: ModelRefusedError, serving: string | undefined): void;
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
  async load(version?: string): Promise<ModelInfo> {
    const result = this.last.then(() => this.loadNow(version));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async loadNow(wanted: string | undefined): Promise<ModelInfo> {
    try {
      const version = wanted ?? (await this.store.stableVersion());
      if (version === undefined) {
        const remedy = 'train one with: gqr train ctr';
        throw new ModelRefusedError('MODEL_NOT_FOUND', `channel "stable" names no click predictor; ${remedy}`);
      }
      if (this.serving.version !== version) await this.serving.replace(await this.prepare(await this.store.open(version)));
      this.observers.load.serving(this.serving.info);
      return this.serving.info;
    } catch (error) {
      if (error instanceof ModelRefusedError) {
        this.serving.explainAbsence(error.message);
        this.observers.load.refused(error, this.serving.version);
      }
      throw error;
    }
  }

  private async prepare(stored: StoredModel): Promise<LoadedModel> {
    const inputs = new CtrInputBuilder(stored.spec, stored.tokenizer);
    const golden = buildGoldenInputs(inputs, stored.golden);
    const engine = await this.openEngine(stored.networkPath);
    try {
      // The first runs of a session are slow; these warm it up as well.
      await checkGoldenProbabilities(engine, golden, stored.golden);
    } catch (error) {
      await engine.close();
      if (error instanceof ModelRefusedError) throw error;
      throw new ModelRefusedError('SELF_TEST_FAILED', `the network cannot be run: ${error instanceof Error ? error.message : String(error)}`);
    }
    return {
      info: {
        version: stored.version,
        variant: stored.spec.variant,
        executionProvider: engine.executionProvider,
        loadedAt: new Date(),
      },
      inputs,
      queue: new BatchingQueue(engine, this.batching, this.observers.queue),
      close: () => engine.close(),
    };
  }
}
