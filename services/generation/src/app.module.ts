import type { Platform } from '@gqr/chassis/service/run-service';
import { DirectoryRegistry, sha256Of } from '@gqr/chassis/registry/directory-registry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { GenerationController } from './adapters/grpc/generation.controller.js';
import { LlamaBackend } from './adapters/llama/llama-backend.js';
import { RegistryPolicyStore } from './adapters/registry/registry-policy-store.js';
import { TaskFiles } from './adapters/yaml/task-files.js';
import type { GenerationConfig } from './config.js';
import { GenerateList } from './domain/generate/generate-list.js';
import { ProposeNext } from './domain/generate/propose-next.js';
import { RenderPrompts } from './domain/generate/render-prompts.js';
import { ScoreResponse } from './domain/generate/score-response.js';
import { PolicySet } from './domain/policies/policy-set.js';
import { ListCritic } from './domain/quality/list-critic.js';
import { ListPool } from './domain/pool/list-pool.js';
import { TASK_CATALOG, type TaskCatalog } from './domain/tasks/task.js';

/** The part of readiness that waits for the model. */
export const MODEL_READY = 'model';

async function loadPolicies(
  config: GenerationConfig,
  tasks: TaskCatalog,
  pool: ListPool,
  { logger, readiness, metrics }: Platform,
): Promise<PolicySet> {
  const actual = await sha256Of(config.GQR_LLM_MODEL);
  if (actual !== config.GQR_LLM_MODEL_SHA256) {
    throw new Error(
      `${config.GQR_LLM_MODEL} is damaged: its sha256 is ${actual}, should be ${config.GQR_LLM_MODEL_SHA256}; delete it and start again`,
    );
  }
  const backend = await LlamaBackend.load({
    modelPath: config.GQR_LLM_MODEL,
    modelSha256: config.GQR_LLM_MODEL_SHA256,
    threads: config.GQR_LLM_THREADS,
    concurrency: config.GQR_GENERATION_CONCURRENCY,
    maxWaiting: config.GQR_GENERATION_QUEUE,
    contextTokens: config.GQR_GENERATION_CONTEXT_TOKENS,
    gpu: config.GQR_LLM_GPU,
  });
  const waiting = metrics.gauge('gqr_generation_waiting', 'Callers who wait for the language model');
  setInterval(() => {
    waiting.set(backend.waiting);
  }, 1_000).unref();
  const store = new RegistryPolicyStore(new DirectoryRegistry(config.GQR_REGISTRY));
  const policies = new PolicySet(backend, store, (taskId) => {
    // What the old policy wrote is not drawn any more.
    pool.clear();
    logger.info({ task: taskId, policy: policies.servingVersion(taskId) }, 'policy serves');
  });
  await policies.serveStable(
    tasks.list().map(({ id }) => id),
    (taskId, error) => {
      logger.error({ task: taskId, err: error }, 'the stable policy cannot serve; the base model does');
    },
  );
  readiness.markReady(MODEL_READY);
  return policies;
}

@Module({})
export class AppModule {
  static with(config: GenerationConfig, platform: Platform): DynamicModule {
    const pool = new ListPool({ maxKeys: config.GQR_GENERATION_POOL_KEYS, maxAgeMs: config.GQR_GENERATION_POOL_SECONDS * 1_000 });
    const tasks = new TaskFiles(config.GQR_TASKS_DIR);
    const critic = new ListCritic({ nearDuplicates: true, language: true, safety: undefined });
    const providers: Provider[] = [
      { provide: TASK_CATALOG, useValue: tasks },
      { provide: PolicySet, useFactory: () => loadPolicies(config, tasks, pool, platform) },
      { provide: GenerateList, useFactory: (policies: PolicySet) => new GenerateList(tasks, policies, pool, critic), inject: [PolicySet] },
      { provide: ProposeNext, useFactory: (policies: PolicySet) => new ProposeNext(tasks, policies, critic), inject: [PolicySet] },
      { provide: ScoreResponse, useFactory: (policies: PolicySet) => new ScoreResponse(tasks, policies), inject: [PolicySet] },
      { provide: RenderPrompts, useFactory: (policies: PolicySet) => new RenderPrompts(policies.tokenizer), inject: [PolicySet] },
    ];
    return { module: AppModule, controllers: [GenerationController], providers };
  }
}
