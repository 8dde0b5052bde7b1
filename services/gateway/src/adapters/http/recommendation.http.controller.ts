import { Readable } from 'node:stream';
import {
  ListTasksResponseSchema,
  RecommendRequestSchema,
  RecommendResponseSchema,
  RecordFeedbackRequestSchema,
  RecordFeedbackResponseSchema,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { create } from '@bufbuild/protobuf';
import { Controller, Get, Header, HttpCode, Inject, Post, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RecommendationEndpoint } from '../contract/recommendation-endpoint.js';
import { errorTable } from '../grpc/error-table.js';
import { limitsOfHttp } from './http-limits.js';
import { readMessage } from './json-request.js';
import { NDJSON, toFullJson, toLines, withFirst } from './ndjson.js';

/** The contract over HTTP, in proto3 JSON. */
@Controller('v1')
export class RecommendationHttpController {
  constructor(@Inject(RecommendationEndpoint) private readonly endpoint: RecommendationEndpoint) {}

  @Post('recommend')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async recommend(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const message = readMessage(RecommendRequestSchema, request.body);
    return toFullJson(RecommendResponseSchema, await this.endpoint.recommend(message, limitsOfHttp(request, reply)));
  }

  // find-my-way reads "::" as the colon itself.
  @Post('recommend::stream')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Header('x-accel-buffering', 'no')
  async streamRecommend(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const message = readMessage(RecommendRequestSchema, request.body);
    const messages = await withFirst(this.endpoint.streamRecommend(message, limitsOfHttp(request, reply)));
    const lines = Readable.from(toLines(StreamRecommendResponseSchema, messages, errorTable), { objectMode: false });
    return new StreamableFile(lines, { type: NDJSON });
  }

  @Post('feedback')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async recordFeedback(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const message = readMessage(RecordFeedbackRequestSchema, request.body);
    const counts = await this.endpoint.recordFeedback(message, limitsOfHttp(request, reply));
    return toFullJson(RecordFeedbackResponseSchema, create(RecordFeedbackResponseSchema, counts));
  }

  @Get('tasks')
  @Header('cache-control', 'no-store')
  async listTasks(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return toFullJson(ListTasksResponseSchema, await this.endpoint.listTasks(limitsOfHttp(request, reply)));
  }
}
