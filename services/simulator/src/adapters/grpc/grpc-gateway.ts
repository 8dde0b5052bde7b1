import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { grpcClient, type GrpcClient, RpcError } from '@gqr/chassis/grpc/client';
import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import { Degradation_Level, RecommendationService, type RecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { status } from '@grpc/grpc-js';
import {
  CallFailedError,
  type ClickReport,
  type Gateway,
  GatewayFullError,
  GatewayRefusesError,
  type RecommendCall,
  type RecommendedList,
} from '../../domain/simulation/gateway.js';

/** Pause when a full gateway does not say how long. */
const RETRY_AFTER_MS = 1_000;

/** Answers to Recommend that will not change however often it is asked, with the remedy. */
const REFUSALS = new Map<status, string>([
  [status.NOT_FOUND, 'leave tasks out that it does not know'],
  [status.FAILED_PRECONDITION, 'let it accept occurred_at (GQR_GATEWAY_ACCEPT_OCCURRED_AT=true)'],
  [status.UNIMPLEMENTED, 'let GQR_GATEWAY_ADDRESS name a gateway of this version'],
  [status.UNAUTHENTICATED, 'let the simulator in'],
  [status.PERMISSION_DENIED, 'let the simulator in'],
]);

function translate(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error;
  return error.code === status.RESOURCE_EXHAUSTED
    ? new GatewayFullError(error.retryAfterMs ?? RETRY_AFTER_MS)
    : new CallFailedError(error.reason);
}

function translateRecommend(error: unknown): unknown {
  const remedy = error instanceof RpcError ? REFUSALS.get(error.code) : undefined;
  if (!(error instanceof RpcError) || remedy === undefined) return translate(error);
  return new GatewayRefusesError(`the gateway refuses what the simulation needs (${error.reason}); ${remedy}`);
}

/** What takes the place of lists that the language model did not write. */
const STAND_INS = new Map<Degradation_Level, string>([
  [Degradation_Level.COOCCURRENCE, 'co-occurrence'],
  [Degradation_Level.POPULAR, 'popular queries'],
]);

const standInOf = ({ degradation }: RecommendResponse): string | undefined => degradation && STAND_INS.get(degradation.level);

/** What made a list, for the report. */
function policyOf(answer: RecommendResponse): string {
  const { modelVersions } = answer;
  return standInOf(answer) ?? modelVersions.find(({ kind }) => kind.startsWith('policy.'))?.version ?? 'base model';
}

/** The gateway over gRPC, called as a search backend calls it. */
export class GrpcGateway implements Gateway {
  private readonly client: GrpcClient<typeof RecommendationService>;

  constructor(
    address: string,
    private readonly timeoutMs: number,
  ) {
    this.client = grpcClient(RecommendationService, address);
  }

  async recommend(call: RecommendCall, signal: AbortSignal): Promise<RecommendedList> {
    const request = {
      taskId: call.task,
      query: call.query,
      response: call.response,
      history: call.history.map(({ query, response }) => ({ query, response })),
      sessionId: call.sessionId,
      userId: call.userId,
      queryOrigin: call.origin === 'typed' ? QueryOrigin.TYPED : QueryOrigin.RECOMMENDATION,
      ...(call.occurredAt !== undefined && { occurredAt: timestampFromDate(call.occurredAt) }),
      traffic: Traffic.SIMULATED,
    };
    try {
      const answer = await this.client.recommend(request, { signal, deadline: Date.now() + this.timeoutMs });
      return {
        impressionId: answer.impressionId,
        queries: answer.recommendations.map(({ text, query }) => ({ text, query: query === '' ? text : query })),
        degraded: answer.degradation !== undefined,
        makeshift: standInOf(answer) !== undefined,
        policy: policyOf(answer),
      };
    } catch (error) {
      throw translateRecommend(error);
    }
  }

  async recordClicks({ impressionId, sessionId, clicks }: ClickReport, signal: AbortSignal): Promise<void> {
    const request = {
      impressionId,
      sessionId,
      clicks: clicks.map(({ position, text, occurredAt }) => ({
        position,
        text,
        ...(occurredAt !== undefined && { occurredAt: timestampFromDate(occurredAt) }),
      })),
      traffic: Traffic.SIMULATED,
    };
    try {
      await this.client.recordFeedback(request, { signal, deadline: Date.now() + this.timeoutMs });
    } catch (error) {
      throw translate(error);
    }
  }

  close(): void {
    this.client.close();
  }
}
