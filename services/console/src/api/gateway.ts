import type {
  ListTasksResponse,
  RecommendRequest,
  RecommendResponse,
  RecordFeedbackRequest,
  RecordFeedbackResponse,
  StreamRecommendResponse,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { Problem } from './problem.js';

/** What the page needs of a gateway. Every method rejects with a GatewayError, or with the signal's reason when it is aborted. */
export interface Gateway {
  tasks(signal: AbortSignal): Promise<ListTasksResponse>;
  recommend(request: RecommendRequest, signal: AbortSignal): Promise<RecommendResponse>;
  /** The last message is the whole answer. */
  streamRecommend(request: RecommendRequest, signal: AbortSignal): AsyncIterable<StreamRecommendResponse>;
  recordFeedback(request: RecordFeedbackRequest): Promise<RecordFeedbackResponse>;
}

/** The gateway refused a call, or no gateway could be reached. */
export class GatewayError extends Error {
  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    super(problem.message, options);
    this.name = 'GatewayError';
  }
}
