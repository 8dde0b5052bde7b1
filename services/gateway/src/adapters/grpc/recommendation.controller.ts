import { InvalidRequestError } from '@gqr/chassis/errors';
import { limitsOf, type ServerCall } from '@gqr/chassis/grpc/call';
import type {
  ListTasksRequest,
  ListTasksResponse,
  RecommendRequest,
  RecommendResponse,
  RecordFeedbackRequest,
  StreamRecommendRequest,
  StreamRecommendResponse,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import type { FeedbackCounts } from '../../domain/feedback/record-feedback.js';
import { RecommendationEndpoint } from '../contract/recommendation-endpoint.js';

const SERVICE = 'RecommendationService';

/** The contract over gRPC. */
@Controller()
export class RecommendationController {
  constructor(@Inject(RecommendationEndpoint) private readonly endpoint: RecommendationEndpoint) {}

  @GrpcMethod(SERVICE, 'Recommend')
  recommend(request: RecommendRequest, _: unknown, call: ServerCall): Promise<RecommendResponse> {
    return this.endpoint.recommend(request, limitsOf(call));
  }

  @GrpcMethod(SERVICE, 'StreamRecommend')
  streamRecommend({ request }: StreamRecommendRequest, _: unknown, call: ServerCall): Observable<StreamRecommendResponse> {
    if (request === undefined) throw new InvalidRequestError([{ field: 'request', description: 'must be set' }]);
    return from(this.endpoint.streamRecommend(request, limitsOf(call), 'request.'));
  }

  @GrpcMethod(SERVICE, 'RecordFeedback')
  recordFeedback(request: RecordFeedbackRequest, _: unknown, call: ServerCall): Promise<FeedbackCounts> {
    return this.endpoint.recordFeedback(request, limitsOf(call));
  }

  @GrpcMethod(SERVICE, 'ListTasks')
  listTasks(_request: ListTasksRequest, _: unknown, call: ServerCall): Promise<ListTasksResponse> {
    return this.endpoint.listTasks(limitsOf(call));
  }
}
