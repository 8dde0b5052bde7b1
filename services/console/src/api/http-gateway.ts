import { type DescMessage, fromJsonString, type MessageShape, toJsonString } from '@bufbuild/protobuf';
import {
  type ListTasksResponse,
  ListTasksResponseSchema,
  type RecommendRequest,
  RecommendRequestSchema,
  type RecommendResponse,
  RecommendResponseSchema,
  type RecordFeedbackRequest,
  RecordFeedbackRequestSchema,
  type RecordFeedbackResponse,
  RecordFeedbackResponseSchema,
  type StreamRecommendResponse,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type Gateway, GatewayError } from './gateway.js';
import { linesOf } from './lines.js';
import { problemInLine, problemOf, timedOut, unreachable, unreadable } from './problem.js';

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Longer than any deadline of a gateway: only a connection that hangs takes so long. */
const TIMEOUT_MS = 30_000;

/** The gateway's HTTP/JSON twin of its gRPC contract. Addresses are relative, so that the page works under any path prefix. */
export class HttpGateway implements Gateway {
  constructor(
    private readonly fetch: Fetch,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  async tasks(signal: AbortSignal): Promise<ListTasksResponse> {
    return this.call(signal, 'v1/tasks', { method: 'GET' }, async (response) => read(ListTasksResponseSchema, await response.text()));
  }

  async recommend(request: RecommendRequest, signal: AbortSignal): Promise<RecommendResponse> {
    const init = post(toJsonString(RecommendRequestSchema, request));
    return this.call(signal, 'v1/recommend', init, async (response) => read(RecommendResponseSchema, await response.text()));
  }

  async *streamRecommend(request: RecommendRequest, signal: AbortSignal): AsyncGenerator<StreamRecommendResponse> {
    const init = post(toJsonString(RecommendRequestSchema, request));
    const lines = await this.call(signal, 'v1/recommend:stream', init, async ({ body }) => linesOf(body ?? new ReadableStream()));
    try {
      for await (const line of lines) {
        if (line === '') continue;
        const problem = problemInLine(line);
        if (problem !== undefined) throw new GatewayError(problem);
        yield read(StreamRecommendResponseSchema, line);
      }
    } catch (error) {
      throw explained(error, signal);
    }
  }

  async recordFeedback(request: RecordFeedbackRequest): Promise<RecordFeedbackResponse> {
    // A click outlives the page: it is sent even when the user leaves at once.
    const init = { ...post(toJsonString(RecordFeedbackRequestSchema, request)), keepalive: true };
    return this.call(undefined, 'v1/feedback', init, async (response) => read(RecordFeedbackResponseSchema, await response.text()));
  }

  private async call<Result>(
    signal: AbortSignal | undefined,
    path: string,
    init: RequestInit,
    take: (response: Response) => Promise<Result>,
  ): Promise<Result> {
    const limit = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await this.fetch(path, { ...init, signal: signal === undefined ? limit : AbortSignal.any([signal, limit]) });
      if (!response.ok) throw new GatewayError(problemOf(await response.text(), response.status));
      return await take(response);
    } catch (error) {
      throw explained(error, signal);
    }
  }
}

/** What a failed fetch means to the caller: its own abort, or a problem. */
function explained(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true || error instanceof GatewayError) return error;
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  return new GatewayError(late ? timedOut() : unreachable(), { cause: error });
}

function post(body: string): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

function read<Desc extends DescMessage>(schema: Desc, body: string): MessageShape<Desc> {
  try {
    return fromJsonString(schema, body, { ignoreUnknownFields: true });
  } catch (error) {
    throw new GatewayError(unreadable(`It is no ${schema.name}`), { cause: error });
  }
}
