import { CtrInputBuilder } from '../src/domain/input/ctr-input.js';
import type { InputSpec, Sources } from '../src/domain/input/input-spec.js';
import type { GoldenRow, StoredModel } from '../src/domain/model/model-store.js';
import type { LoadedModel } from '../src/domain/model/serving-model.js';
import { BatchingQueue, type QueueObserver } from '../src/domain/scoring/batching-queue.js';
import type { FakeInferenceEngine } from './fake-inference-engine.js';
import { FakeTokenizer } from './fake-tokenizer.js';

export const sampleSpec: InputSpec = {
  variant: 'ctx',
  maxLength: 16,
  maxDomains: 4,
  sourceTokens: 3,
  tasks: new Map([
    ['suggestion', 1],
    ['hint', 2],
  ]),
  unknownTask: 0,
};

export const noSources: Sources = { answer: '', history: [], cooccurrence: [] };

/** What a FakeInferenceEngine says of Fig. 2's input, written down by hand. */
export const sampleGolden: readonly GoldenRow[] = [
  {
    taskId: 'suggestion',
    query: '10 11',
    chosen: ['20'],
    candidate: '40 41',
    ...noSources,
    inputIds: [1, 10, 11, 20, 2, 40, 41],
    segmentIds: [0, 0, 0, 0, 0, 1, 1],
    domainIds: [0, 0, 0, 1, 1, 2, 2],
    probability: 0.041,
  },
  {
    taskId: 'hint',
    query: '10',
    chosen: [],
    candidate: '50',
    ...noSources,
    inputIds: [1, 10, 2, 50],
    segmentIds: [0, 0, 0, 1],
    domainIds: [0, 0, 0, 1],
    probability: 0.05,
  },
];

/** The files of a model that a FakeInferenceEngine runs. */
export function storedModel(version: string, changes: Partial<StoredModel> = {}): StoredModel {
  const files = { networkPath: `/${version}`, spec: sampleSpec, tokenizer: new FakeTokenizer(), golden: sampleGolden };
  return { version, precision: 'fp32', ...files, ...changes };
}

/** An observer that nobody asks. */
export const silent: QueueObserver = { queued: () => undefined, batch: () => undefined, abandoned: () => undefined };

export const sampleBatching = { maxBatchTokens: 1_000, maxBatchInputs: 100, maxQueuedInputs: 100 };

/** A model that serves, on the fakes that a test wants to look into. */
export function loadedModel(
  version: string,
  parts: { engine: FakeInferenceEngine; tokenizer?: FakeTokenizer; spec?: InputSpec; maxQueuedInputs?: number },
): LoadedModel & { closed: number } {
  const { engine, tokenizer = new FakeTokenizer(), spec = sampleSpec, maxQueuedInputs = sampleBatching.maxQueuedInputs } = parts;
  return {
    info: { version, variant: spec.variant, executionProvider: engine.executionProvider, precision: 'fp32', loadedAt: new Date(0) },
    inputs: new CtrInputBuilder(spec, tokenizer),
    queue: new BatchingQueue(engine, { ...sampleBatching, maxQueuedInputs }, silent),
    closed: 0,
    close() {
      this.closed++;
    },
  };
}
