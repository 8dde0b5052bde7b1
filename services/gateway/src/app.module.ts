import { randomBytes, randomUUID } from 'node:crypto';
import { Circuit } from '@gqr/chassis/concurrency/circuit';
import { Turnstile } from '@gqr/chassis/concurrency/turnstile';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { grpcClient } from '@gqr/chassis/grpc/client';
import type { Platform } from '@gqr/chassis/service/run-service';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { Background } from './adapters/background.js';
import { RecommendationEndpoint } from './adapters/contract/recommendation-endpoint.js';
import { EventLogJournal } from './adapters/event-log/event-log-journal.js';
import { GrpcClickPredictor } from './adapters/grpc/clients/grpc-click-predictor.js';
import { GrpcNextQueries } from './adapters/grpc/clients/grpc-next-queries.js';
import { GrpcQueryWriter } from './adapters/grpc/clients/grpc-query-writer.js';
import { GrpcTaskSource } from './adapters/grpc/clients/grpc-task-source.js';
import { Guard } from './adapters/grpc/clients/guarded.js';
import { RecommendationController } from './adapters/grpc/recommendation.controller.js';
import { OpenApiController } from './adapters/http/openapi/openapi.controller.js';
import { RecommendationHttpController } from './adapters/http/recommendation.http.controller.js';
import { GatewayMetrics } from './adapters/metrics/gateway-metrics.js';
import type { GatewayConfig } from './config.js';
import type { Dependency } from './domain/dependency-error.js';
import { RecentClicks } from './domain/feedback/recent-clicks.js';
import { RecordFeedback } from './domain/feedback/record-feedback.js';
import { ImpressionIds } from './domain/impression-id/impression-id.js';
import { JOURNAL, type Journal } from './domain/journal.js';
import { CLICK_PREDICTOR, type ClickPredictor } from './domain/recommend/click-predictor.js';
import { Filling } from './domain/recommend/filling.js';
import { NEXT_QUERIES, type NextQueries } from './domain/recommend/next-queries.js';
import { Placing } from './domain/recommend/placing.js';
import { PopularQueries } from './domain/recommend/popular-queries.js';
import { QUERY_WRITER, type QueryWriter } from './domain/recommend/query-writer.js';
import { Recommend } from './domain/recommend/recommend.js';
import { Recording } from './domain/recommend/recording.js';
import { Writing } from './domain/recommend/writing.js';
import { TASK_SOURCE, TaskCatalogue, type TaskSource } from './domain/tasks/task-catalogue.js';

const FAILURES_IN_ROW = 5;
const FETCH_TIMEOUT_MS = 2_000;
const OVERLOAD_RETRY_MS = 500;

const now = Date.now;
const newId = (): string => randomUUID();

/** Says which adapter serves which port. */
@Module({})
export class AppModule {
  static with(config: GatewayConfig, platform: Platform): DynamicModule {
    const ids = new ImpressionIds(Buffer.from(config.GQR_GATEWAY_ID_SECRET, 'hex'), { random: randomBytes, now });
    return {
      module: AppModule,
      controllers: [RecommendationController, RecommendationHttpController, OpenApiController],
      providers: [
        ...ports(config, platform),
        ...useCases(config, ids),
        {
          provide: RecommendationEndpoint,
          inject: [TaskCatalogue, Recommend, RecordFeedback, GatewayMetrics],
          useFactory: (tasks: TaskCatalogue, recommend: Recommend, feedback: RecordFeedback, metrics: GatewayMetrics) =>
            new RecommendationEndpoint(tasks, { recommend, feedback }, metrics, {
              acceptOccurredAt: config.GQR_GATEWAY_ACCEPT_OCCURRED_AT,
              maxAheadMs: config.GQR_INGEST_MAX_AHEAD_HOURS * 3_600_000,
              now,
              defaultDeadlineMs: config.GQR_GATEWAY_DEFAULT_DEADLINE_MS,
              recommendations: turnstile('the gateway', config.GQR_GATEWAY_MAX_RECOMMENDATIONS),
              feedback: turnstile('the intake of feedback', config.GQR_GATEWAY_MAX_FEEDBACK),
            }),
        },
      ],
    };
  }
}

/** The ports with their adapters, and what runs beside requests. */
function ports(config: GatewayConfig, { logger, metrics: serviceMetrics, readiness }: Platform): Provider[] {
  const metrics = new GatewayMetrics(serviceMetrics);
  const generation = grpcClient(GenerationService, config.GQR_GENERATION_ADDRESS);
  const ctr = grpcClient(CtrService, config.GQR_CTR_ADDRESS);
  const cooccurrence = grpcClient(CooccurrenceService, config.GQR_COOCCURRENCE_ADDRESS);
  const log = new SqliteEventLog({ path: config.GQR_EVENT_LOG });
  const guard = (dependency: Dependency, patienceMs: number): Guard => {
    const onChange = (open: boolean): void => {
      metrics.circuitChanged(dependency, open);
      logger.warn({ dependency }, open ? 'keeping calls away from a dependency that is down' : 'the dependency is back');
    };
    const openMs = config.GQR_GATEWAY_CIRCUIT_SECONDS * 1000;
    return new Guard(dependency, new Circuit({ failures: FAILURES_IN_ROW, openMs, now, onChange }), patienceMs);
  };
  // Listing tasks does not touch the model, so it must not vouch for it.
  const unguarded = new Circuit({ failures: Infinity, openMs: 0, now, onChange: () => undefined });
  const journal = new EventLogJournal(log, {
    syncLists: config.GQR_GATEWAY_SYNC_LISTS,
    onError: (error) => {
      logger.error({ err: error }, 'the event log cannot be written');
    },
  });
  return [
    { provide: TASK_SOURCE, useValue: new GrpcTaskSource(generation, new Guard('generation', unguarded, Infinity)) },
    {
      provide: QUERY_WRITER,
      useValue: new GrpcQueryWriter(generation, guard('generation', config.GQR_GATEWAY_GENERATION_PATIENCE_MS)),
    },
    { provide: CLICK_PREDICTOR, useValue: new GrpcClickPredictor(ctr, guard('ctr', config.GQR_GATEWAY_CTR_MS / 2)) },
    { provide: NEXT_QUERIES, useValue: new GrpcNextQueries(cooccurrence, guard('cooccurrence', config.GQR_GATEWAY_COOCCURRENCE_MS / 2)) },
    { provide: JOURNAL, useValue: journal },
    { provide: GatewayMetrics, useValue: metrics },
    {
      provide: Background,
      inject: [TaskCatalogue, PopularQueries],
      useFactory: (tasks: TaskCatalogue, popular: PopularQueries) =>
        new Background({ tasks, popular, log, clients: [generation, ctr, cooccurrence] }, readiness, logger, {
          everyMs: config.GQR_GATEWAY_REFRESH_SECONDS * 1000,
        }),
    },
  ];
}

function useCases(config: GatewayConfig, ids: ImpressionIds): Provider[] {
  const defaultDeadlineMs = config.GQR_GATEWAY_DEFAULT_DEADLINE_MS;
  const budget = {
    cooccurrenceMs: config.GQR_GATEWAY_COOCCURRENCE_MS,
    ctrMs: config.GQR_GATEWAY_CTR_MS,
    logMs: config.GQR_GATEWAY_LOG_MS,
    marginMs: config.GQR_GATEWAY_MARGIN_MS,
  };
  const pools = {
    live: { size: config.GQR_GATEWAY_POOL_SIZE, key: config.GQR_GATEWAY_POOL_KEY },
    simulated: { size: config.GQR_GATEWAY_SIMULATED_POOL_SIZE, key: config.GQR_GATEWAY_SIMULATED_POOL_KEY },
    sessionTasks: config.GQR_GATEWAY_SESSION_TASKS,
  };
  const placing = { oneIn: config.GQR_GATEWAY_NEXT_QUERY_ONE_IN, minCount: config.GQR_GATEWAY_NEXT_QUERY_MIN_COUNT };
  const recent = new RecentClicks(config.GQR_GATEWAY_RECENT_CLICKS);
  return [
    {
      provide: TaskCatalogue,
      inject: [TASK_SOURCE],
      useFactory: (source: TaskSource) => new TaskCatalogue(source, { timeoutMs: FETCH_TIMEOUT_MS }),
    },
    {
      provide: PopularQueries,
      inject: [NEXT_QUERIES],
      useFactory: (nextQueries: NextQueries) => new PopularQueries(nextQueries, { timeoutMs: FETCH_TIMEOUT_MS }),
    },
    {
      provide: Recommend,
      inject: [NEXT_QUERIES, QUERY_WRITER, CLICK_PREDICTOR, JOURNAL, PopularQueries],
      useFactory: (nextQueries: NextQueries, writer: QueryWriter, predictor: ClickPredictor, journal: Journal, popular: PopularQueries) =>
        new Recommend(
          {
            nextQueries,
            writing: new Writing(writer, pools),
            placing: new Placing(placing),
            filling: new Filling(popular),
            predictor,
            recording: new Recording(journal, ids, { newId, now }),
          },
          { defaultDeadlineMs, budget },
          { newId, now },
        ),
    },
    {
      provide: RecordFeedback,
      inject: [JOURNAL],
      useFactory: (journal: Journal) => new RecordFeedback(journal, ids, recent, { defaultDeadlineMs, now }),
    },
  ];
}

function turnstile(name: string, capacity: number): Turnstile {
  return new Turnstile({ name, capacity, maxWaiting: 0, retryAfterMs: OVERLOAD_RETRY_MS });
}
