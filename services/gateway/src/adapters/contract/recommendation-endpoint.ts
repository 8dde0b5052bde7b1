import { PassThrough } from 'node:stream';
import type { Turnstile } from '@gqr/chassis/concurrency/turnstile';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import type {
  ListTasksResponse,
  RecommendRequest,
  RecommendResponse,
  RecordFeedbackRequest,
  StreamRecommendResponse,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { FeedbackCounts, RecordFeedback } from '../../domain/feedback/record-feedback.js';
import type { Answer } from '../../domain/recommend/answer.js';
import type { Recommend } from '../../domain/recommend/recommend.js';
import type { Announce } from '../../domain/recommend/writing.js';
import type { TaskCatalogue } from '../../domain/tasks/task-catalogue.js';
import type { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { parseFeedback } from './parse-feedback.js';
import { type ParseOptions, parseRecommend } from './parse-recommend.js';
import { toLastMessage, toPieceMessage, toRecommendResponse, toTasksMessage } from './to-message.js';

export interface EndpointOptions extends ParseOptions {
  readonly defaultDeadlineMs: number;
  /** Recommendations under way at a time. */
  readonly recommendations: Turnstile;
  /** Feedback calls under way at a time. */
  readonly feedback: Turnstile;
}

/** The public contract, message in and message out. gRPC and HTTP are two ways to it, so that they cannot differ. */
export class RecommendationEndpoint {
  constructor(
    private readonly tasks: TaskCatalogue,
    private readonly useCases: { readonly recommend: Recommend; readonly feedback: RecordFeedback },
    private readonly metrics: GatewayMetrics,
    private readonly options: EndpointOptions,
  ) {}

  async recommend(request: RecommendRequest, limits: CallLimits): Promise<RecommendResponse> {
    return toRecommendResponse(await this.answer(request, limits, { path: '' }));
  }

  /** The messages of StreamRecommend. @param path what stands before the names of fields in errors */
  streamRecommend(request: RecommendRequest, limits: CallLimits, path = ''): AsyncIterable<StreamRecommendResponse> {
    const messages = new PassThrough({ objectMode: true });
    // A reader who left reads no errors either.
    messages.on('error', () => undefined);
    const announce: Announce = (piece) => void messages.write(toPieceMessage(piece));
    this.answer(request, limits, { path, announce }).then(
      (answer) => messages.end(toLastMessage(answer)),
      (error: unknown) => messages.destroy(error as Error),
    );
    return messages;
  }

  async recordFeedback(message: RecordFeedbackRequest, limits: CallLimits): Promise<FeedbackCounts> {
    const leave = await this.options.feedback.enter(limits);
    try {
      const request = parseFeedback(message, this.options);
      const counts = await this.useCases.feedback.record(request, limits);
      this.metrics.clicked(request.traffic, counts);
      noteRpc({ impression: request.impressionId, recorded: counts.recorded, duplicates: counts.duplicates });
      return counts;
    } finally {
      leave();
    }
  }

  async listTasks(limits: CallLimits): Promise<ListTasksResponse> {
    return toTasksMessage(await this.tasks.list(limits), this.options.defaultDeadlineMs);
  }

  private async answer(message: RecommendRequest, limits: CallLimits, how: { path: string; announce?: Announce }): Promise<Answer> {
    const leave = await this.options.recommendations.enter(limits);
    try {
      const request = parseRecommend(message, await this.tasks.list(limits), this.options, how.path);
      const answer = await this.useCases.recommend.recommend(request, limits, how.announce);
      this.metrics.answered(request.task.id, request.traffic, answer);
      noteAnswer(request.task.id, answer);
      return answer;
    } finally {
      leave();
    }
  }
}

function noteAnswer(task: string, { recommendations, degradation, impressionId, timings }: Answer): void {
  noteRpc({
    task,
    queries: recommendations.length,
    impression: impressionId,
    ...(degradation && { level: degradation.level, reasons: degradation.reasons.join(',') }),
    ...Object.fromEntries(timings.map(({ phase, durationMs }) => [`${phase}_ms`, Math.round(durationMs * 100) / 100])),
  });
}
