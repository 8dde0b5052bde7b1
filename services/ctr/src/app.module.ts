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
import { ServingModel } from './domain/model/serving-model.js';
import { Score } from './domain/scoring/score.js';

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
    notFreed: (version, error) => {
      logger.error({ err: error, model: version }, 'a replaced model could not be freed');
    },
  };
}

function loadModel(config: CtrConfig, serving: ServingModel, platform: Platform): LoadModel {
  const metrics = new CtrMetrics(platform.metrics);
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
  const store = new RegistryModelStore(new DirectoryRegistry(config.GQR_REGISTRY));
  const observers = { queue: metrics, load: loadObserver(metrics, platform) };
  return new LoadModel(store, (path) => OnnxEngine.open(path, options), serving, batching, observers);
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
    const serving = new ServingModel();
    const providers: Provider[] = [
      { provide: ServingModel, useValue: serving },
      { provide: LoadModel, useFactory: () => loadStable(loadModel(config, serving, platform), platform) },
      { provide: Score, useValue: new Score(serving) },
    ];
    return { module: AppModule, controllers: [CtrController], providers };
  }
}
