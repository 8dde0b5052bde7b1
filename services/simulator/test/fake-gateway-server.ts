import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { toServiceError } from '@gqr/chassis/grpc/status';
import {
  RecommendationService,
  type RecommendRequest,
  RecommendRequestSchema,
  type RecordFeedbackRequest,
  RecordFeedbackRequestSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { StandInPolicy } from '../src/domain/measure/stand-in-policies.js';
import { TASK_IDS } from '../src/domain/population/behaviour.js';
import { randomFor } from '../src/domain/random/random.js';

/** A gateway over a real socket that shows a stand-in policy's lists and keeps everything that it was sent. */
export class FakeGatewayServer {
  readonly requests: RecommendRequest[] = [];
  readonly reports: RecordFeedbackRequest[] = [];
  readonly shown = new Map<string, readonly string[]>();
  /** When calls arrived while the gateway said that it was full. */
  readonly refusedAt: number[] = [];
  /** Answers "full, come back in this many milliseconds" to this many calls. */
  full = { calls: 0, retryAfterMs: 0 };
  /** Refuses simulated times. */
  ownClock = false;
  private readonly server = new Server();
  private readonly random = randomFor(1n, 'fake gateway', 0);

  constructor(private readonly policy: StandInPolicy) {
    this.server.addService(serviceDefinition(RecommendationService), {
      recommend: this.recommend,
      recordFeedback: this.recordFeedback,
    });
  }

  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(`127.0.0.1:${port}`);
        else reject(error);
      });
    });
  }

  close(): void {
    this.server.forceShutdown();
  }

  /** Everything that was sent, as JSON. */
  get sent(): { schema: DescMessage; json: unknown }[] {
    const json = <S extends DescMessage>(schema: S, message: MessageShape<S>) => ({ schema, json: toJson(schema, message) });
    return [
      ...this.requests.map((request) => json(RecommendRequestSchema, request)),
      ...this.reports.map((report) => json(RecordFeedbackRequestSchema, report)),
    ];
  }

  private readonly recommend = (call: ServerUnaryCall<RecommendRequest, unknown>, answer: sendUnaryData<unknown>): void => {
    const { request } = call;
    if (this.ownClock) {
      answer(toServiceError({ code: status.FAILED_PRECONDITION, reason: 'OCCURRED_AT_NOT_ACCEPTED', message: 'own clock' }));
      return;
    }
    if (this.full.calls > 0) {
      this.full.calls--;
      this.refusedAt.push(Date.now());
      const { retryAfterMs } = this.full;
      answer(toServiceError({ code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED', message: 'full', retryAfterMs }));
      return;
    }
    this.requests.push(request);
    const task = TASK_IDS.find((id) => id === request.taskId) ?? 'suggestion';
    const turn = { ...request, origin: 'typed' as const, seconds: 0 };
    const queries = this.policy(turn, task, this.random);
    const impressionId = `impression-${this.requests.length}`;
    this.shown.set(
      impressionId,
      queries.map(({ text }) => text),
    );
    const recommendations = queries.map(({ text, query }, at) => ({ text, query, position: at + 1 }));
    answer(null, { impressionId, sessionId: request.sessionId, recommendations });
  };

  private readonly recordFeedback = (call: ServerUnaryCall<RecordFeedbackRequest, unknown>, answer: sendUnaryData<unknown>): void => {
    this.reports.push(call.request);
    answer(null, { recorded: call.request.clicks.length });
  };
}
