import { messageOf } from '@gqr/chassis/errors';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import type { Platform } from '@gqr/chassis/service/run-service';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { CtrController } from './adapters/grpc/ctr.controller.js';
import { OnnxEngine } from './adapters/onnxruntime/onnx-engine.js';
import { CtrMetrics } from './adapters/prometheus/ctr-metrics.js';
import { RegistryModelStore } from './adapters/registry/registry-model-store.js';
import type { CtrConfig } from './config.js';
import { LoadModel, type LoadObserver } from './domain/model/load-model.js';
import { OpenModel } from './domain/model/open-model.js';
import { ServingModel } from './domain/model/serving-model.js';
import type { QueueObserver } from './domain/scoring/batching-queue.js';
import { Score } from './domain/scoring/score.js';
import { Shadow, type ShadowObserver } from './domain/shadow/shadow.js';

/** The part of readiness that waits for a model. */
export const MODEL_READY = 'model';

/** Tells the orchestrator, the log and the metrics how loading went. */
function loadObserver(metrics: CtrMetrics, { logger, readiness }: Platform): LoadObserver {
  return {
    serving: (info) => {
      metrics.serving(info);
      logger.info({ model: info.version, variant: info.variant, execution_provider: info.executionProvider }, 'model serves');
      readiness.markReady(MODEL_READY);
    },
    refused: (error, serving) => {
      metrics.refused();
      logger.error({ reason: error.message, refusal: error.refusal, serving }, 'model refused');
    },
    absent: (reason) => {
      readiness.markNotReady(MODEL_READY, reason);
    },
  };
}

/** Tells the log and the metrics what becomes of a shadow. */
function shadowObserver({ shadow }: CtrMetrics, { logger }: Platform): ShadowObserver {
  return {
    ...shadow,
    started: (info) => {
      shadow.started(info);
      logger.info({ model: info.version, variant: info.variant, execution_provider: info.executionProvider }, 'shadow begins');
    },
    failed: (error) => {
      shadow.failed();
      logger.warn({ err: error }, 'the shadow could not score a call');
    },
    ended: (state) => {
      shadow.ended(state);
      logger.info({ model: state.info.version, serving: state.serving, agreement: state.agreement }, 'shadow ends');
    },
  };
}

/** Nobody waits for the batches of a shadow. */
const unobserved: QueueObserver = { queued: () => undefined, batch: () => undefined, abandoned: () => undefined };

/** What the service is made of. */
function build(config: CtrConfig, platform: Platform): { serving: ServingModel; load: LoadModel; shadow: Shadow } {
  const { logger } = platform;
  const metrics = new CtrMetrics(platform.metrics);
  const store = new RegistryModelStore(new DirectoryRegistry(config.GQR_REGISTRY));
  const options = {
    sessions: config.GQR_CTR_SESSIONS,
    threads: config.GQR_CTR_THREADS,
    providers: config.GQR_CTR_EXECUTION_PROVIDERS,
  };
  const batching = {
    maxBatchTokens: config.GQR_CTR_BATCH_TOKENS,
    maxBatchInputs: config.GQR_CTR_BATCH_INPUTS,
    maxQueuedInputs: config.GQR_CTR_QUEUE_INPUTS,
  };
  const notFreed = (version: string, error: unknown): void => {
    logger.error({ err: error, model: version }, 'a replaced model could not be freed');
  };
  const opener = (queue: QueueObserver, sessions: number): OpenModel =>
    new OpenModel(store, (path) => OnnxEngine.open(path, { ...options, sessions }), batching, queue, notFreed);

  const serving = new ServingModel();
  const load = new LoadModel(store, opener(metrics, options.sessions), serving, loadObserver(metrics, platform));
  const shadow = new Shadow(store, opener(unobserved, 1), serving, shadowObserver(metrics, platform), {
    share: config.GQR_CTR_SHADOW_SHARE,
  });
  return { serving, load, shadow };
}

/**
 * Begins to load the stable model, while the service already says that it is alive. A model that cannot serve is no reason to die:
 * ReloadModel can bring another.
 */
function loadStable(load: LoadModel, { logger, readiness }: Platform): LoadModel {
  load.loadAtStart().catch((error: unknown) => {
    logger.error({ err: error }, 'the stable model could not be loaded');
    readiness.markNotReady(MODEL_READY, messageOf(error));
  });
  return load;
}

@Module({})
export class AppModule {
  static with(config: CtrConfig, platform: Platform): DynamicModule {
    const { serving, load, shadow } = build(config, platform);
    const providers: Provider[] = [
      { provide: ServingModel, useValue: serving },
      { provide: LoadModel, useFactory: () => loadStable(load, platform) },
      { provide: Score, useValue: new Score(serving, shadow) },
      { provide: Shadow, useValue: shadow },
    ];
    return { module: AppModule, controllers: [CtrController], providers };
  }
}
