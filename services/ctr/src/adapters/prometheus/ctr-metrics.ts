import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { ModelInfo } from '../../domain/model/serving-model.js';
import type { QueueObserver } from '../../domain/scoring/batching-queue.js';
import type { AgreementFigures } from '../../domain/shadow/agreement.js';
import type { ShadowObserver } from '../../domain/shadow/shadow.js';

const INPUTS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TOKENS = [32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const NO_AGREEMENT: AgreementFigures = { inputs: 0, meanAbsoluteDifference: 0, meanDifference: 0, pairs: 0, pairwiseAgreement: 0 };

/** The service's own metrics. */
export class CtrMetrics implements QueueObserver {
  private readonly queueDepth;
  private readonly batchInputs;
  private readonly batchTokens;
  private readonly inferenceSeconds;
  private readonly abandonedInputs;
  private readonly loads;
  private readonly model;
  private readonly shadowModel;
  private readonly shadowCalls;
  private readonly shadowInputs;
  private readonly shadowAbsoluteDifference;
  private readonly shadowDifference;
  private readonly shadowPairs;
  private readonly shadowPairwiseAgreement;

  constructor(metrics: ServiceMetrics) {
    this.queueDepth = metrics.gauge('gqr_ctr_queue_inputs', 'Inputs that wait for a batch');
    this.batchInputs = metrics.histogram('gqr_ctr_batch_inputs', 'Inputs of a batch', [], INPUTS);
    this.batchTokens = metrics.histogram('gqr_ctr_batch_tokens', 'Tokens of a batch, padding included', [], TOKENS);
    this.inferenceSeconds = metrics.histogram('gqr_ctr_inference_seconds', 'Time that a batch takes in the engine', [], SECONDS);
    this.abandonedInputs = metrics.counter('gqr_ctr_abandoned_inputs_total', 'Inputs that were dropped because their caller had left');
    this.loads = metrics.counter('gqr_ctr_model_loads_total', 'Attempts to load a model by outcome', ['outcome']);
    this.model = metrics.gauge('gqr_ctr_model_info', '1 for the model that serves', ['version', 'variant', 'provider']);
    this.shadowModel = metrics.gauge('gqr_ctr_shadow_info', '1 for the shadow', ['version', 'variant', 'provider']);
    this.shadowCalls = metrics.counter('gqr_ctr_shadow_calls_total', 'Calls that were to be scored by the shadow, by outcome', ['outcome']);
    this.shadowInputs = metrics.gauge('gqr_ctr_shadow_inputs', 'Inputs on which the shadow was compared with the model that serves');
    this.shadowAbsoluteDifference = metrics.gauge('gqr_ctr_shadow_mean_absolute_difference', "Mean of |p - p'| with the shadow's p'");
    this.shadowDifference = metrics.gauge('gqr_ctr_shadow_mean_difference', "Mean of p' - p with the shadow's p'");
    this.shadowPairs = metrics.gauge('gqr_ctr_shadow_pairs', 'Pairs of inputs for one task and query that both models tell apart');
    this.shadowPairwiseAgreement = metrics.gauge(
      'gqr_ctr_shadow_pairwise_agreement',
      'Share of these pairs that both put into the same order',
    );
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

  /** Shadows are told of here, and their batches are not counted among those above, which callers wait for. */
  readonly shadow: Omit<ShadowObserver, 'failed'> & { failed(): void } = {
    started: ({ version, variant, executionProvider }) => {
      this.shadowModel.reset();
      this.shadowModel.set({ version, variant, provider: executionProvider }, 1);
      this.agree(NO_AGREEMENT);
    },
    compared: (agreement) => {
      this.shadowCalls.inc({ outcome: 'compared' });
      this.agree(agreement);
    },
    skipped: () => {
      this.shadowCalls.inc({ outcome: 'skipped' });
    },
    failed: () => {
      this.shadowCalls.inc({ outcome: 'failed' });
    },
    ended: () => {
      this.shadowModel.reset();
      this.agree(NO_AGREEMENT);
    },
  };

  refused(): void {
    this.loads.inc({ outcome: 'refused' });
  }

  private agree(agreement: AgreementFigures): void {
    this.shadowInputs.set(agreement.inputs);
    this.shadowAbsoluteDifference.set(agreement.meanAbsoluteDifference);
    this.shadowDifference.set(agreement.meanDifference);
    this.shadowPairs.set(agreement.pairs);
    this.shadowPairwiseAgreement.set(agreement.pairwiseAgreement);
  }
}
