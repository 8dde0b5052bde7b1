import { join, relative } from 'node:path';
import type { Platform } from '@gqr/chassis/service/run-service';
import { DirectoryRegistry, sha256Of } from '@gqr/chassis/registry/directory-registry';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { GenerationController } from './adapters/grpc/generation.controller.js';
import { TaskController } from './adapters/grpc/task.controller.js';
import { LlamaBackend } from './adapters/llama/llama-backend.js';
import { LlamaVocabulary } from './adapters/llama/llama-vocabulary.js';
import { RegistryPolicyStore } from './adapters/registry/registry-policy-store.js';
import { EngineTextServer } from './adapters/vllm/engine-text-server.js';
import { GrpcTextServer } from './adapters/vllm/grpc-text-server.js';
import { OpenAiTextServer } from './adapters/vllm/openai-text-server.js';
import type { TextServer } from './adapters/vllm/text-server.js';
import { VllmBackend } from './adapters/vllm/vllm-backend.js';
import { readSafetyFile } from './adapters/yaml/safety-file.js';
import { TaskFiles } from './adapters/yaml/task-files.js';
import type { GenerationConfig } from './config.js';
import type { LanguageBackend } from './domain/backend/language-backend.js';
import type { Vocabulary } from './domain/decode/token-model.js';
import { GenerateList, type OnJudged } from './domain/generate/generate-list.js';
import { ProposeNext } from './domain/generate/propose-next.js';
import { RenderPrompts } from './domain/generate/render-prompts.js';
import { ScoreResponse } from './domain/generate/score-response.js';
import { PolicySet } from './domain/policies/policy-set.js';
import { ListCritic } from './domain/quality/list-critic.js';
import { ListPool } from './domain/pool/list-pool.js';
import { TASK_CATALOG, type Task } from './domain/tasks/task.js';

/** The part of readiness that waits for the model. */
export const MODEL_READY = 'model';

interface Parts {
  readonly config: GenerationConfig;
  readonly platform: Platform;
  readonly tasks: TaskFiles;
  readonly pool: ListPool;
}

async function loadBackend(config: GenerationConfig, { metrics, logger }: Platform): Promise<LanguageBackend> {
  await verifyBaseModel(config);
  const backend = config.GQR_GENERATION_BACKEND === 'llama.cpp' ? await loadLlama(config) : await openVllm(config, logger);
  const waiting = metrics.gauge('gqr_generation_waiting', 'Callers who wait for the language model');
  setInterval(() => {
    waiting.set(backend.waiting);
  }, 1_000).unref();
  return backend;
}

async function verifyBaseModel(config: GenerationConfig): Promise<void> {
  const actual = await sha256Of(config.GQR_LLM_MODEL);
  if (actual !== config.GQR_LLM_MODEL_SHA256) {
    throw new Error(
      `${config.GQR_LLM_MODEL} is damaged: its sha256 is ${actual}, should be ${config.GQR_LLM_MODEL_SHA256}; delete it and start again`,
    );
  }
}

function loadLlama(config: GenerationConfig): Promise<LlamaBackend> {
  return LlamaBackend.load({
    modelPath: config.GQR_LLM_MODEL,
    modelSha256: config.GQR_LLM_MODEL_SHA256,
    threads: config.GQR_LLM_THREADS,
    concurrency: config.GQR_GENERATION_CONCURRENCY,
    maxWaiting: config.GQR_GENERATION_QUEUE,
    contextTokens: config.GQR_GENERATION_CONTEXT_TOKENS,
    gpu: config.GQR_LLM_GPU,
  });
}

function connect(address: string, config: GenerationConfig, vocabulary: Vocabulary): TextServer {
  switch (config.GQR_GENERATION_BACKEND) {
    case 'openai':
      return new OpenAiTextServer(address, config.GQR_VLLM_API_KEY);
    case 'vllm-engine':
      return new EngineTextServer(address, vocabulary);
    default:
      return new GrpcTextServer(address);
  }
}

async function openVllm(config: GenerationConfig, logger: Platform['logger']): Promise<VllmBackend> {
  if (config.GQR_VLLM_TARGETS.length === 0)
    throw new Error(`GQR_GENERATION_BACKEND is ${config.GQR_GENERATION_BACKEND}, and GQR_VLLM_TARGETS names no server; name one`);
  const seconds = 1_000;
  const vocabulary = await LlamaVocabulary.load(config.GQR_LLM_MODEL);
  return VllmBackend.open({
    targets: config.GQR_VLLM_TARGETS,
    connect: (address) => connect(address, config, vocabulary),
    baseModelSha256: config.GQR_LLM_MODEL_SHA256,
    vocabulary,
    contextTokens: config.GQR_GENERATION_CONTEXT_TOKENS,
    concurrency: config.GQR_VLLM_CONCURRENCY,
    maxWaiting: config.GQR_GENERATION_QUEUE,
    patienceMs: config.GQR_VLLM_PATIENCE_SECONDS * seconds,
    reconcileMs: config.GQR_VLLM_RECONCILE_SECONDS * seconds,
    circuitMs: config.GQR_VLLM_CIRCUIT_SECONDS * seconds,
    startMs: config.GQR_VLLM_START_SECONDS * seconds,
    scores: config.GQR_VLLM_SCORES,
    seenByServers: (folder) =>
      config.GQR_VLLM_REGISTRY === '' ? folder : join(config.GQR_VLLM_REGISTRY, relative(config.GQR_REGISTRY, folder)),
    onChange: (server, reason) => {
      if (reason === undefined) logger.info({ server }, 'a language model server is ready');
      else logger.error({ server, reason }, 'a language model server is not ready');
    },
  });
}

async function loadPolicies({ config, platform, tasks, pool }: Parts): Promise<PolicySet> {
  const { logger, readiness } = platform;
  const backend = await loadBackend(config, platform);
  const store = new RegistryPolicyStore(new DirectoryRegistry(config.GQR_REGISTRY));
  const policies = new PolicySet(backend, store, (taskId) => {
    // What the old policy wrote is not drawn any more.
    pool.clear();
    logger.info({ task: taskId }, 'another policy serves');
  });
  const serve = (wanted: readonly Task[]): Promise<void> =>
    policies.serveStable(wanted, (taskId, error) => {
      logger.error({ task: taskId, err: error }, 'the stable policy cannot serve; the base model or a lent one does');
    });
  await serve(tasks.list());
  readiness.markReady(MODEL_READY);
  tasks.watch({
    everyMs: config.GQR_TASKS_RELOAD_SECONDS * 1_000,
    prepare: serve,
    onChange: (changed) => {
      logger.info({ tasks: changed.map(({ id, promptVersion }) => `${id} ${promptVersion}`) }, 'task files changed');
    },
    onFault: (error) => {
      logger.error({ err: error }, 'changed task files have faults; their tasks stay as they were');
    },
  });
  return policies;
}

function countFaults({ metrics }: Platform): OnJudged {
  const refused = metrics.counter('gqr_generation_refused_lines_total', 'Lines that were drawn again, by what was wrong', [
    'task',
    'reason',
  ]);
  const tolerated = metrics.counter('gqr_generation_tolerated_lines_total', 'Lines that stand for want of better ones', ['task', 'reason']);
  return (task, lines) => {
    for (const reason of lines.refused) refused.inc({ task, reason });
    for (const reason of lines.tolerated) tolerated.inc({ task, reason });
  };
}

@Module({})
export class AppModule {
  static with(config: GenerationConfig, platform: Platform): DynamicModule {
    const pool = new ListPool({ maxKeys: config.GQR_GENERATION_POOL_KEYS, maxAgeMs: config.GQR_GENERATION_POOL_SECONDS * 1_000 });
    const tasks = new TaskFiles(config.GQR_TASKS_DIR);
    const critic = new ListCritic({
      nearDuplicates: config.GQR_GENERATION_NEAR_DUPLICATES,
      language: config.GQR_GENERATION_LANGUAGE,
      safety: config.GQR_GENERATION_SAFETY === 'off' ? undefined : readSafetyFile(config.GQR_GENERATION_SAFETY),
    });
    const onJudged = countFaults(platform);
    const providers: Provider[] = [
      { provide: TASK_CATALOG, useValue: tasks },
      { provide: PolicySet, useFactory: () => loadPolicies({ config, platform, tasks, pool }) },
      {
        provide: GenerateList,
        useFactory: (policies: PolicySet) => new GenerateList(policies, pool, critic, onJudged),
        inject: [PolicySet],
      },
      { provide: ProposeNext, useFactory: (policies: PolicySet) => new ProposeNext(policies, critic), inject: [PolicySet] },
      { provide: ScoreResponse, useFactory: (policies: PolicySet) => new ScoreResponse(policies), inject: [PolicySet] },
      { provide: RenderPrompts, useFactory: (policies: PolicySet) => new RenderPrompts(policies.tokenizer), inject: [PolicySet] },
    ];
    return { module: AppModule, controllers: [GenerationController, TaskController], providers };
  }
}
