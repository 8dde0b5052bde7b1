import { messageOf } from '@gqr/chassis/errors';
import { CtrInputBuilder } from '../input/ctr-input.js';
import { type BatchingOptions, BatchingQueue, type QueueObserver } from '../scoring/batching-queue.js';
import type { InferenceEngine } from '../scoring/inference-engine.js';
import { ModelRefusedError, type ModelStore, type StoredModel } from './model-store.js';
import { buildGoldenInputs, checkGoldenProbabilities, checkTasks } from './self-test.js';
import type { LoadedModel } from './serving-model.js';

/** Loads a network from a file. @throws ModelRefusedError if it cannot be loaded or has other inputs and outputs */
export type OpenEngine = (networkPath: string) => Promise<InferenceEngine>;

/** Makes a version of the store ready to be used: files checked, self-test passed, warm, with a queue of its own. */
export class OpenModel {
  constructor(
    private readonly store: ModelStore,
    private readonly openEngine: OpenEngine,
    private readonly batching: BatchingOptions,
    private readonly observer: QueueObserver,
    /** Told of a model that nobody uses any more and that keeps its memory. */
    private readonly notFreed: (version: string, error: unknown) => void,
  ) {}

  /** @throws ModelRefusedError */
  async open(version: string): Promise<LoadedModel> {
    const stored = await this.store.open(version);
    const { spec, precision } = stored;
    const inputs = new CtrInputBuilder(spec, stored.tokenizer);
    const engine = await this.testedEngine(stored, inputs);
    const queue = new BatchingQueue(engine, this.batching, this.observer);
    return {
      info: { version, variant: spec.variant, executionProvider: engine.executionProvider, precision, loadedAt: new Date() },
      inputs,
      queue,
      close: () => {
        // A batch may still be under way for callers who have left.
        const freed = queue.idle().then(() => engine.close());
        freed.catch((error: unknown) => {
          this.notFreed(version, error);
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
      await checkGoldenProbabilities(engine, golden, stored.golden, stored.precision);
      await checkTasks(engine, golden, stored.spec);
      return engine;
    } catch (error) {
      await engine?.close();
      if (error instanceof ModelRefusedError) throw error;
      throw new ModelRefusedError('SELF_TEST_FAILED', `the model cannot be run: ${messageOf(error)}`);
    }
  }
}
