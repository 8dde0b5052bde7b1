import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type ListTasksResponse,
  ListTasksResponseSchema,
  type RecommendRequest,
  type RecommendResponse,
  type RecordFeedbackRequest,
  type RecordFeedbackResponse,
  RecordFeedbackResponseSchema,
  type StreamRecommendResponse,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type Gateway, GatewayError } from './gateway.js';
import type { Problem } from './problem.js';

type Message = MessageInitShape<typeof StreamRecommendResponseSchema>;

/** A gateway for tests: answers only when told to, call by call. */
export class FakeGateway implements Gateway {
  readonly streams: FakeStream[] = [];
  readonly hints: { readonly request: RecommendRequest; readonly signal: AbortSignal; readonly answer: Answered<RecommendResponse> }[] = [];
  readonly feedback: { readonly request: RecordFeedbackRequest; readonly answer: Answered<RecordFeedbackResponse> }[] = [];

  async tasks(): Promise<ListTasksResponse> {
    return create(ListTasksResponseSchema);
  }

  recommend(request: RecommendRequest, signal: AbortSignal): Promise<RecommendResponse> {
    const answer = new Answered<RecommendResponse>();
    this.hints.push({ request, signal, answer });
    return answer.promise;
  }

  streamRecommend(request: RecommendRequest, signal: AbortSignal): AsyncIterable<StreamRecommendResponse> {
    const stream = new FakeStream(request, signal);
    this.streams.push(stream);
    return stream.messages();
  }

  recordFeedback(request: RecordFeedbackRequest): Promise<RecordFeedbackResponse> {
    const answer = new Answered<RecordFeedbackResponse>();
    this.feedback.push({ request, answer });
    return answer.promise;
  }
}

/** What a call will have been answered with. */
export class Answered<Value> {
  private readonly deferred = Promise.withResolvers<Value>();
  readonly promise = this.deferred.promise;

  async with(value: Value): Promise<void> {
    this.deferred.resolve(value);
    await settled();
  }

  async failing(problem: Problem): Promise<void> {
    this.deferred.reject(new GatewayError(problem));
    await settled();
  }
}

export const RECORDED = create(RecordFeedbackResponseSchema, { recorded: 1 });

/** A stream that is sent message by message. */
export class FakeStream {
  private next = Promise.withResolvers<StreamRecommendResponse | undefined>();

  constructor(
    readonly request: RecommendRequest,
    readonly signal: AbortSignal,
  ) {}

  async *messages(): AsyncGenerator<StreamRecommendResponse> {
    for (;;) {
      const message = await this.next.promise;
      if (message === undefined) return;
      this.next = Promise.withResolvers();
      yield message;
    }
  }

  async send(event: Message['event'] & object): Promise<void> {
    this.next.resolve(create(StreamRecommendResponseSchema, { event }));
    await settled();
  }

  async end(): Promise<void> {
    this.next.resolve(undefined);
    await settled();
  }

  async fail(problem: Problem): Promise<void> {
    this.next.reject(new GatewayError(problem));
    await settled();
  }
}

/** Lets everything run that waits for nothing but promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
