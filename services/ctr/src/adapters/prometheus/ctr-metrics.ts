import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { ModelInfo } from '../../domain/model/serving-model.js';
import type { QueueObserver } from '../../domain/scoring/batching-queue.js';

const INPUTS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TOKENS = [32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The service's own metrics. */
export class CtrMetrics implements QueueObserver {
  private readonly queueDepth;
  private readonly batchInputs;
  private readonly batchTokens;
  private readonly inferenceSeconds;
  private readonly abandonedInputs;
  private readonly loads;
  private readonly model;

  constructor(metrics: ServiceMetrics) {
    this.queueDepth = metrics.gauge('gqr_ctr_queue_inputs', 'Inputs that wait for a batch');
    this.batchInputs = metrics.histogram('gqr_ctr_batch_inputs', 'Inputs of a batch', [], INPUTS);
    this.batchTokens = metrics.histogram('gqr_ctr_batch_tokens', 'Tokens of a batch, padding included', [], TOKENS);
    this.inferenceSeconds = metrics.histogram('gqr_ctr_inference_seconds', 'Time that a batch takes in the engine', [], SECONDS);
    this.abandonedInputs = metrics.counter('gqr_ctr_abandoned_inputs_total', 'Inputs that were dropped because their caller had left');
    this.loads = metrics.counter('gqr_ctr_model_loads_total', 'Attempts to load a model by outcome', ['outcome']);
    this.model = metrics.gauge('gqr_ctr_model_info', '1 for the model that serves', ['version', 'variant', 'provider']);
  }

  queued(inputs: number): void {
    this.queueDepth.set(inputs);
  }

  batch(inputs: number, paddedTokens: number, seconds: number): void {
    this.batchInputs.observe(inputs);
    this.batchTokens.observe(paddedTokens);
    this.inferenceSeconds.observe(seconds);
  }

  abandoned(inputs: number): void {
    this.abandonedInputs.inc(inputs);
  }

  serving({ version, variant, executionProvider }: ModelInfo): void {
    this.loads.inc({ outcome: 'serving' });
    this.model.reset();
    this.model.set({ version, variant, provider: executionProvider }, 1);
  }

  refused(): void {
    this.loads.inc({ outcome: 'refused' });
  }
}
