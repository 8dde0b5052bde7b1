import { join } from 'node:path';
import { credentials, loadPackageDefinition, type ServiceClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { PATIENCE_MS, ROOT } from './gqr.js';

export interface RecommendRequest {
  readonly taskId: string;
  readonly query: string;
  readonly response?: string;
  readonly history?: readonly { readonly query: string; readonly response: string }[];
  readonly sessionId?: string;
  readonly count?: number;
  readonly explain?: boolean;
}

export interface RecommendAnswer {
  readonly impressionId: string;
  readonly sessionId: string;
  readonly recommendations: readonly {
    readonly text: string;
    readonly query: string;
    readonly position: number;
    readonly source: string;
    readonly clickProbability?: number | null;
  }[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly modelVersions: readonly { readonly kind: string; readonly version: string }[];
  readonly degradation?: { readonly level: string; readonly reasons: readonly string[] } | null;
  readonly explanation?: {
    readonly cooccurrence: readonly { readonly query: string; readonly count: string }[];
    readonly prompt: string;
  } | null;
}

export interface Feedback {
  readonly impressionId: string;
  readonly sessionId?: string;
  readonly clicks: readonly { readonly position: number }[];
}

export interface FeedbackCounts {
  readonly recorded: number;
  readonly duplicates: number;
}

/**
 * A search backend that knows of GQR what its contract says, and nothing else. It sets long deadlines: under a short one the gateway of a
 * busy machine does without the language model.
 */
export interface SearchBackend {
  recommend(request: RecommendRequest, timeoutMs?: number): Promise<RecommendAnswer>;
  recordFeedback(feedback: Feedback): Promise<FeedbackCounts>;
  close(): void;
}

/** Over gRPC, by the .proto files alone: neither the code nor the generated types of GQR. */
export function overGrpc(address: string): SearchBackend {
  const definition = loadSync('gqr/recommendation/v1/recommendation.proto', {
    includeDirs: [join(ROOT, 'protos')],
    longs: String,
    enums: String,
    defaults: true,
  });
  const contract = loadPackageDefinition(definition) as unknown as {
    gqr: { recommendation: { v1: { RecommendationService: ServiceClientConstructor } } };
  };
  const client = new contract.gqr.recommendation.v1.RecommendationService(address, credentials.createInsecure(), {
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  type Method = (request: object, options: object, done: (error: ServiceError | null, answer: unknown) => void) => void;
  const call = <T>(name: string, request: object, timeoutMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const method = (client as unknown as Record<string, Method>)[name];
      method?.call(client, request, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (error) reject(error);
        else resolve(answer as T);
      });
    });
  return {
    recommend: (request, timeoutMs = PATIENCE_MS) => call<RecommendAnswer>('Recommend', request, timeoutMs),
    recordFeedback: (feedback) => call<FeedbackCounts>('RecordFeedback', feedback, PATIENCE_MS),
    close: () => {
      client.close();
    },
  };
}

/** Over HTTP, in JSON. */
export function overHttp(address: string): SearchBackend {
  const post = async <T>(path: string, body: object, timeoutMs: number): Promise<T> => {
    const response = await fetch(`http://${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'gqr-timeout-ms': String(timeoutMs) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${String(response.status)}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    recommend: (request, timeoutMs = PATIENCE_MS) => post<RecommendAnswer>('/v1/recommend', request, timeoutMs),
    recordFeedback: (feedback) => post<FeedbackCounts>('/v1/feedback', feedback, PATIENCE_MS),
    close: () => undefined,
  };
}
