import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import type { Platform } from '@gqr/chassis/service/run-service';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DuckDb } from './adapters/duckdb/duckdb.js';
import { DuckDbClickJoin } from './adapters/duckdb/duckdb-click-join.js';
import { DuckDbNextQueryData } from './adapters/duckdb/duckdb-next-query-data.js';
import { ParquetEventStore } from './adapters/duckdb/parquet-event-store.js';
import { LogIngest } from './adapters/event-log/log-ingest.js';
import { LogSink } from './adapters/event-log/log-sink.js';
import { DirectoryRunFolder } from './adapters/files/directory-run-folder.js';
import { InstanceFiles } from './adapters/files/instance-files.js';
import { BOUNDS, EventsController } from './adapters/grpc/events.controller.js';
import { GrpcPromptRenderer } from './adapters/grpc/grpc-prompt-renderer.js';
import { GrpcServing } from './adapters/grpc/grpc-serving.js';
import { MODEL_REGISTRY, ModelsController } from './adapters/grpc/models.controller.js';
import { RunsController } from './adapters/grpc/runs.controller.js';
import { TrainerMetrics } from './adapters/metrics/trainer-metrics.js';
import { ProcessLearner } from './adapters/process/process-learner.js';
import { RegistryModelStore } from './adapters/registry/registry-model-store.js';
import { SqliteImportLedger } from './adapters/sqlite/sqlite-import-ledger.js';
import { SqliteRunStore } from './adapters/sqlite/sqlite-run-store.js';
import { SqliteSnapshotWriter } from './adapters/sqlite/sqlite-snapshot-writer.js';
import { openTrainerDatabase } from './adapters/sqlite/trainer-database.js';
import type { Config } from './config.js';
import { CooccurrenceRun } from './domain/cooccurrence/cooccurrence-run.js';
import { CtrRun } from './domain/ctr/ctr-run.js';
import type { PretrainedEncoder } from './domain/ctr/options.js';
import { EventImporter } from './domain/ingest/import-events.js';
import { Ingest } from './domain/ingest/ingest.js';
import { Promotion } from './domain/models/promotion.js';
import { hasEnded } from './domain/runs/run.js';
import { RunQueue } from './domain/runs/run-queue.js';
import { SftRun } from './domain/sft/sft-run.js';

/** What begins and ends with the service, beside its calls. */
interface Background {
  begin(): Promise<void>;
  /** Calls may still be under way. */
  stop(): Promise<void>;
  /** No call is under way any more. */
  close(): Promise<void>;
}

const BACKGROUND = Symbol('BACKGROUND');

/** The encoder of runs with init "pretrained", if one is configured. */
function pretrainedEncoder({ GQR_CTR_PRETRAINED: name, GQR_CTR_PRETRAINED_SHA256: sha256 }: Config): PretrainedEncoder | undefined {
  return name === undefined || sha256 === undefined ? undefined : { name, sha256 };
}

/** Says which adapter serves which port. */
@Module({})
export class AppModule implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  constructor(@Inject(BACKGROUND) private readonly background: Background) {}

  static with(config: Config, { logger, metrics, readiness }: Platform): DynamicModule {
    const state = join(config.GQR_DATA, 'trainer');
    const bounds = () => ({ now: Date.now(), maxAheadMs: config.GQR_INGEST_MAX_AHEAD_HOURS * 3_600_000 });
    const trainerMetrics = new TrainerMetrics(metrics);

    const log = new SqliteEventLog({ path: config.GQR_EVENT_LOG });
    const sink = new LogSink(log);
    const db = openTrainerDatabase(join(state, 'trainer.sqlite'));
    const duckdb = new DuckDb({
      memoryLimit: config.GQR_DUCKDB_MEMORY,
      threads: config.GQR_DUCKDB_THREADS,
      temporaryFolder: join(state, 'duckdb'),
    });
    const store = new ParquetEventStore(join(config.GQR_DATA, 'events'), duckdb);
    const ingestion = new LogIngest(log, store, new Ingest(store, sink, trainerMetrics, bounds), {
      maxRecords: config.GQR_INGEST_BATCH,
      lingerMs: config.GQR_INGEST_LINGER_SECONDS * 1_000,
      onError: (error) => {
        trainerMetrics.ingestFailed();
        logger.error({ err: error }, 'a batch could not be taken into the event store; it comes again');
      },
      onRecovery: (topic, partition, recovery) => {
        if (recovery.deleted + recovery.setAside > 0) logger.warn({ topic, partition, ...recovery }, 'event store recovered');
      },
    });

    const registry = new DirectoryRegistry(config.GQR_REGISTRY);
    const models = new RegistryModelStore(registry, config.GQR_CODE_VERSION);
    const addresses = {
      cooccurrence: config.GQR_COOCCURRENCE_ADDRESS,
      ctr: config.GQR_CTR_ADDRESS,
      generation: config.GQR_GENERATION_ADDRESS,
    };
    const serving = new GrpcServing(addresses, config.GQR_SERVING_PATIENCE_SECONDS * 1_000);
    const promotion = new Promotion(models, serving);
    const learner = new ProcessLearner({ folder: config.GQR_LEARNER_DIR, codeVersion: config.GQR_CODE_VERSION });
    const renderer = new GrpcPromptRenderer(config.GQR_GENERATION_ADDRESS);
    const baseModel = { path: config.GQR_LLM_MODEL, sha256: config.GQR_LLM_MODEL_SHA256 };
    const kinds = {
      cooccurrence: new CooccurrenceRun(ingestion, new DuckDbNextQueryData(store, duckdb), new SqliteSnapshotWriter(), models, promotion),
      ctr: new CtrRun(ingestion, new DuckDbClickJoin(store, duckdb), learner, models, promotion, pretrainedEncoder(config)),
      sft: new SftRun(new InstanceFiles(config.GQR_SFT_DIR), renderer, learner, baseModel, models, promotion),
    };
    const runFolder = (runId: string): string => join(state, 'runs', runId);
    const runStore = new SqliteRunStore(db);
    const runs = new RunQueue(kinds, runStore, {
      now: Date.now,
      suffix: () => randomBytes(3).toString('hex'),
      openFolder: (runId) => DirectoryRunFolder.open(runFolder(runId)),
      clearFolder: ({ runId, state: ended }) => DirectoryRunFolder.clear(runFolder(runId), ended === 'failed'),
      maxAttempts: config.GQR_RUN_MAX_ATTEMPTS,
      pause: sleep,
      onEnd: (run, unforeseen) => {
        trainerMetrics.runEnded(run);
        const { runId, request, state: ended, attempts, model, error } = run;
        const level = ended === 'failed' ? 'error' : 'info';
        logger[level]({ run: runId, kind: request.kind, state: ended, attempts, model, error, err: unforeseen }, 'run ended');
      },
      onError: (error) => {
        logger.error({ err: error }, 'the state of runs could not be kept');
      },
    });

    const background: Background = {
      begin: async () => {
        await ingestion.start();
        await DirectoryRunFolder.clearEnded(join(state, 'runs'), async (runId) => {
          const run = await runStore.get(runId);
          return run === undefined || !hasEnded(run) ? undefined : run.state === 'failed';
        });
        runs.begin();
        readiness.markReady('ingest');
      },
      stop: async () => {
        await runs.close();
        await ingestion.close();
      },
      close: async () => {
        await log.close();
        serving.close();
        renderer.close();
        db.close();
      },
    };
    return {
      module: AppModule,
      controllers: [RunsController, ModelsController, EventsController],
      providers: [
        { provide: RunQueue, useValue: runs },
        { provide: Promotion, useValue: promotion },
        { provide: MODEL_REGISTRY, useValue: registry },
        { provide: EventImporter, useValue: new EventImporter(sink, new SqliteImportLedger(db), sink, bounds) },
        { provide: BOUNDS, useValue: bounds },
        { provide: BACKGROUND, useValue: background },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.background.begin();
  }

  async onModuleDestroy(): Promise<void> {
    await this.background.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.background.close();
  }
}
