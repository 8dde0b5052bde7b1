import { create, type DescService, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { toServiceError } from '@gqr/chassis/grpc/status';
import { Source } from '@gqr/protos/gqr/events/v1/events';
import { type CheckTaskRequest, type GenerateRequest, GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import {
  type RecommendRequest,
  RecommendationService,
  type RecommendResponseSchema,
  type RecordFeedbackRequest,
  type StreamRecommendRequest,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import {
  type SimulationSpec,
  SimulationState,
  SimulatorService,
  type StartSimulationRequest,
} from '@gqr/protos/gqr/simulator/v1/simulator';
import {
  type CancelRunRequest,
  type GetRunRequest,
  type ImportEventsRequest,
  type Run,
  ModelIdSchema,
  RunProgressSchema,
  RunSchema,
  RunState,
  type StartRunRequest,
  TrainerService,
  type ValidateEventsRequest,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';

type Handler = (request: never) => unknown;

interface Call {
  readonly request: never;
  write(message: unknown): void;
  end(): void;
  on(event: 'cancelled' | 'end', listener: () => void): void;
  on(event: 'data', listener: (message: ImportEventsRequest) => void): void;
}

function failure(code: status, reason: string, message: string, violations: { field: string; description: string }[] = []): Error {
  const error = toServiceError({ code, reason, message, ...(violations.length > 0 && { violations }) });
  return Object.assign(new Error(message), error);
}

function unary(handler: Handler) {
  return (call: Call, done: (error: Error | null, answer?: unknown) => void): void => {
    try {
      done(null, handler(call.request));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

const AT = timestampFromDate(new Date('2026-11-23T10:00:00Z'));

function answerTo(request: RecommendRequest): MessageInitShape<typeof RecommendResponseSchema> {
  if (request.query === '')
    throw failure(status.INVALID_ARGUMENT, 'INVALID_REQUEST', 'query is empty', [
      { field: 'query', description: 'must have 1 to 2,000 characters' },
    ]);
  return {
    impressionId: 'impression-1',
    sessionId: request.sessionId === '' ? 'made-session' : request.sessionId,
    recommendations: [
      { text: `${request.query} soil`, position: 1, source: Source.GENERATION, query: 'q', clickProbability: 0.25 },
      { text: `${request.query} pot`, position: 2, source: Source.COOCCURRENCE, query: 'q', clickProbability: 0.125 },
    ],
    auxiliaryTexts: request.taskId === 'clarification' ? { guiding_sentence: 'You could add' } : {},
    modelVersions: [{ kind: 'ctr', version: 'starter-1' }],
    timings: [{ phase: 'generation', durationMs: 120.4 }],
    ...(request.explain && { explanation: { prompt: 'Recommend.\nNow.', promptTokens: 40, decoding: { temperature: 0.7, topP: 0.9 } } }),
  };
}

/** Every service that the command line talks to, in one process, with just enough behaviour for its commands. */
export class FakeServices {
  /** Lists that will not come in time. */
  late = 0;
  readonly requests: { readonly method: string; readonly request: unknown }[] = [];
  readonly runs: Run[] = [];
  simulation: { state: SimulationState; spec: SimulationSpec | undefined } = { state: SimulationState.SUCCEEDED, spec: undefined };
  /** Milliseconds between the messages of a watched run. */
  pace = 20;
  /** The watch of a run fails once with UNAVAILABLE, as when the trainer restarts. */
  breakWatch = false;
  /** Runs of this kind fail. */
  failing = '';
  address = '';
  private readonly server = new Server();

  async start(): Promise<void> {
    const seen = (method: string, handler: Handler): Handler => {
      return (request) => {
        this.requests.push({ method, request });
        return handler(request);
      };
    };
    this.add(RecommendationService, {
      Recommend: unary(seen('Recommend', (request: RecommendRequest) => answerTo(request))),
      StreamRecommend: (call: Call) => {
        const { request } = call.request as StreamRecommendRequest;
        if (request === undefined) return;
        const answer = answerTo(request);
        for (const recommendation of answer.recommendations ?? []) call.write({ event: { case: 'recommendation', value: recommendation } });
        call.write({ event: { case: 'response', value: answer } });
        call.end();
      },
      RecordFeedback: unary(
        seen('RecordFeedback', (request: RecordFeedbackRequest) => {
          if (request.impressionId !== 'impression-1') throw failure(status.NOT_FOUND, 'UNKNOWN_IMPRESSION', 'there is no such impression');
          return { recorded: request.clicks.length, duplicates: 0 };
        }),
      ),
    });
    this.add(TrainerService, {
      StartRun: unary(
        seen('StartRun', ({ kind, options }: StartRunRequest) => {
          const state = kind === this.failing ? RunState.FAILED : RunState.QUEUED;
          this.runs.unshift(
            create(RunSchema, { runId: `run-${String(this.runs.length + 1)}`, kind, state, createdAt: AT, ...(options && { options }) }),
          );
          return { run: this.runs[0] };
        }),
      ),
      GetRun: unary(({ runId }: GetRunRequest) => ({ run: this.run(runId) })),
      ListRuns: unary(() => ({ runs: this.runs })),
      CancelRun: unary(({ runId }: CancelRunRequest) => {
        const run = this.run(runId);
        run.state = RunState.CANCELLED;
        return { run };
      }),
      WatchRun: (call: Call & { emit(event: 'error', error: Error): void }) => {
        this.watch(call);
      },
      ListModels: unary(() => ({
        models: [
          {
            id: { kind: 'ctr', version: 'starter-1' },
            channels: ['stable'],
            createdAt: AT,
            files: [{ name: 'model.onnx', sizeBytes: 4_400_000n }],
            traffic: 'simulated',
          },
        ],
      })),
      GetModel: unary(() => ({
        model: {
          id: { kind: 'ctr', version: 'starter-1' },
          channels: ['stable'],
          createdAt: AT,
          metrics: { auc: 0.71234, by_task: { hint: 0.5 } },
        },
      })),
      Promote: unary(seen('Promote', () => ({ previousVersion: 'starter-0' }))),
      Rollback: unary(seen('Rollback', () => ({ version: 'starter-0' }))),
      ValidateEvents: unary(({ events }: ValidateEventsRequest) => ({ faults: faultsOf(events, 0) })),
      ImportEvents: (call: Call, done: (error: Error | null, answer: unknown) => void) => {
        let count = 0;
        const faults: ReturnType<typeof faultsOf> = [];
        call.on('data', ({ events }) => {
          faults.push(...faultsOf(events, count));
          count += events.length;
        });
        call.on('end', () => {
          done(null, { imported: BigInt(count - faults.length), rejected: BigInt(faults.length), faults });
        });
      },
    });
    const list = {
      queries: [{ text: 'how to freeze rice', logPropensity: -1.25 }, { text: 'how to fry rice' }],
      policy: { kind: 'policy.suggestion', version: 'starter-1' },
      usage: { promptTokens: 60, completionTokens: 12, redraws: 1 },
      decoding: { seed: 7n },
    };
    this.add(GenerationService, {
      CheckTask: unary(({ source }: CheckTaskRequest) =>
        source?.text.startsWith('id: bad')
          ? { faults: [{ file: source.file, line: 3, field: 'count.max', description: 'must be a number' }] }
          : {
              task: {
                taskId: 'completion',
                description: 'Completions.',
                defaultCount: 5,
                maxCount: 8,
                completes: true,
                policyOf: 'suggestion',
              },
            },
      ),
      PreviewTask: unary(
        seen('PreviewTask', () => ({
          prompt: 'Instructions:\nTyped: how to fr\n',
          promptTokens: 60,
          budgetTokens: 208,
          sections: [{ name: 'query', label: 'Typed', text: 'how to fr', tokens: 3, maxTokens: 48, shortened: true }],
        })),
      ),
      TryTask: unary(seen('TryTask', () => ({ list }))),
      Generate: unary(
        seen('Generate', ({ examples }: GenerateRequest) => {
          if (this.late-- > 0) throw failure(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', 'the deadline passed');
          return { ...list, promptExamples: examples.length };
        }),
      ),
    });
    this.add(SimulatorService, {
      StartSimulation: unary(
        seen('StartSimulation', ({ spec }: StartSimulationRequest) => {
          this.simulation = { state: SimulationState.RUNNING, spec };
          return { simulation: this.describeSimulation() };
        }),
      ),
      GetSimulation: unary(() => ({ simulation: this.describeSimulation() })),
      CancelSimulation: unary(() => {
        this.simulation.state = SimulationState.CANCELLED;
        return { simulation: this.describeSimulation() };
      }),
      WatchSimulation: (call: Call) => {
        call.write({ simulation: this.describeSimulation() });
        setTimeout(() => {
          this.simulation.state = SimulationState.SUCCEEDED;
          call.write({ simulation: this.describeSimulation() });
          call.end();
        }, this.pace);
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    this.address = `127.0.0.1:${String(port)}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private add(service: DescService, handlers: Record<string, unknown>): void {
    this.server.addService(serviceDefinition(service), handlers as never);
  }

  private run(runId: string): Run {
    const run = this.runs.find((candidate) => candidate.runId === runId);
    if (run === undefined) throw failure(status.NOT_FOUND, 'UNKNOWN_RUN', `there is no run ${runId}; list the runs with: gqr runs list`);
    return run;
  }

  private watch(call: Call & { emit(event: 'error', error: Error): void }): void {
    const { runId } = call.request as { runId: string };
    const run = this.run(runId);
    const isOver = (): boolean => run.state === RunState.CANCELLED || run.state === RunState.FAILED || run.state === RunState.SUCCEEDED;
    let cancelled = false;
    call.on('cancelled', () => {
      cancelled = true;
    });
    let step = 0;
    const next = (): void => {
      if (cancelled) return;
      step += 1;
      if (this.breakWatch && step === 2) {
        this.breakWatch = false;
        call.emit('error', failure(status.UNAVAILABLE, 'UNAVAILABLE', 'the trainer is gone'));
        return;
      }
      if (!isOver()) run.state = step > 4 ? RunState.SUCCEEDED : RunState.RUNNING;
      if (run.state === RunState.FAILED) run.error = 'the log holds no clicks; import some events first';
      if (run.state === RunState.SUCCEEDED)
        Object.assign(run, {
          model: create(ModelIdSchema, { kind: run.kind, version: 'trained-1' }),
          metrics: { auc: 0.7, baseline: { auc: 0.55 } },
        });
      run.progress = create(RunProgressSchema, {
        stage: 'train',
        stageNumber: 2,
        stages: 3,
        done: step * 10,
        total: 40,
        unit: 'samples',
        rate: 10,
      });
      call.write({ run });
      if (isOver()) call.end();
      else setTimeout(next, this.pace);
    };
    next();
  }

  private describeSimulation() {
    const { state, spec } = this.simulation;
    return { simulationId: 'sim-1', state, ...(spec && { spec }), impressions: 50n, clickedImpressions: 6n, sessions: 9n, rate: 12 };
  }
}

/** An event without an id is faulty. */
function faultsOf(events: ImportEventsRequest['events'], from: number): { index: bigint; field: string; description: string }[] {
  return events.flatMap(({ event }, index) =>
    event.case === 'userQuery' && event.value.eventId === ''
      ? [{ index: BigInt(from + index), field: 'user_query.event_id', description: 'must not be empty' }]
      : [],
  );
}
