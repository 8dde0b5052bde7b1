import type { MessageInitShape } from '@bufbuild/protobuf';
import { type CallLimits, limitsOf, type ServerCall } from '@gqr/chassis/grpc/call';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import type {
  BatchPredictListRequest,
  BatchPredictListResponseSchema,
  BatchPredictNextRequest,
  BatchPredictNextResponseSchema,
  GetModelResponseSchema,
  GetShadowResponseSchema,
  PredictListRequest,
  PredictListResponseSchema,
  PredictNextRequest,
  PredictNextResponseSchema,
  ReloadModelRequest,
  ReloadModelResponseSchema,
  StartShadowRequest,
  StartShadowResponseSchema,
  StopShadowResponseSchema,
  StreamPredictListRequest,
  StreamPredictListResponseSchema,
} from '@gqr/protos/gqr/ctr/v1/ctr';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { LoadModel } from '../../domain/model/load-model.js';
import { ServingModel } from '../../domain/model/serving-model.js';
import { Score, type Scored } from '../../domain/scoring/score.js';
import { type ShownList } from '../../domain/scoring/request-kinds.js';
import { Shadow, type ShadowState } from '../../domain/shadow/shadow.js';
import { parseList, parseLists, parseNext, parseSteps, parseStream, parseVersion } from './parse-request.js';
import { toListResponses, toModel, toNextResponses, toShadow } from './to-message.js';

const SERVICE = 'CtrService';

function note<T>(scored: Scored<T>, inputs: number): Scored<T> {
  const { tokenize, queue, inference } = scored.times;
  const hundredths = (ms: number): number => Math.round(ms * 100) / 100;
  noteRpc({
    model: scored.model.version,
    inputs,
    tokenize_ms: hundredths(tokenize),
    queue_ms: hundredths(queue),
    inference_ms: hundredths(inference),
  });
  return scored;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function shadowOf(state: ShadowState | undefined): { shadow?: ReturnType<typeof toShadow> } {
  return state === undefined ? {} : { shadow: toShadow(state) };
}

@Controller()
export class CtrController {
  constructor(
    @Inject(Score) private readonly score: Score,
    @Inject(LoadModel) private readonly loadModel: LoadModel,
    @Inject(ServingModel) private readonly serving: ServingModel,
    @Inject(Shadow) private readonly shadow: Shadow,
  ) {}

  @GrpcMethod(SERVICE, 'PredictList')
  async predictList(
    request: PredictListRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof PredictListResponseSchema>> {
    const list = parseList(request);
    const [response] = toListResponses(note(await this.score.lists([list], limitsOf(call)), list.queries.length));
    return response ?? {};
  }

  @GrpcMethod(SERVICE, 'PredictNext')
  async predictNext(
    request: PredictNextRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof PredictNextResponseSchema>> {
    const step = parseNext(request);
    const [response] = toNextResponses(note(await this.score.next([step], limitsOf(call)), step.candidates.length));
    return response ?? {};
  }

  @GrpcMethod(SERVICE, 'BatchPredictList')
  async batchPredictList(
    request: BatchPredictListRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof BatchPredictListResponseSchema>> {
    const lists = parseLists(request);
    const scored = await this.score.lists(lists, limitsOf(call));
    return { responses: toListResponses(note(scored, sum(lists.map((list) => list.queries.length)))) };
  }

  @GrpcMethod(SERVICE, 'BatchPredictNext')
  async batchPredictNext(
    request: BatchPredictNextRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof BatchPredictNextResponseSchema>> {
    const steps = parseSteps(request);
    const scored = await this.score.next(steps, limitsOf(call));
    return { responses: toNextResponses(note(scored, sum(steps.map((step) => step.candidates.length)))) };
  }

  @GrpcMethod(SERVICE, 'StreamPredictList')
  streamPredictList(
    request: StreamPredictListRequest,
    _: unknown,
    call: ServerCall,
  ): Observable<MessageInitShape<typeof StreamPredictListResponseSchema>> {
    return from(this.streamed(parseStream(request), limitsOf(call)));
  }

  @GrpcMethod(SERVICE, 'GetModel')
  getModel(): MessageInitShape<typeof GetModelResponseSchema> {
    return toModel(this.serving.info);
  }

  @GrpcMethod(SERVICE, 'ReloadModel')
  async reloadModel(request: ReloadModelRequest): Promise<MessageInitShape<typeof ReloadModelResponseSchema>> {
    const info = await this.loadModel.load(parseVersion(request));
    noteRpc({ model: info.version });
    return { model: toModel(info) };
  }

  @GrpcMethod(SERVICE, 'StartShadow')
  async startShadow(request: StartShadowRequest): Promise<MessageInitShape<typeof StartShadowResponseSchema>> {
    const state = await this.shadow.start(parseVersion(request));
    noteRpc({ model: state.info.version });
    return { shadow: toShadow(state) };
  }

  @GrpcMethod(SERVICE, 'GetShadow')
  getShadow(): MessageInitShape<typeof GetShadowResponseSchema> {
    return shadowOf(this.shadow.state);
  }

  @GrpcMethod(SERVICE, 'StopShadow')
  stopShadow(): MessageInitShape<typeof StopShadowResponseSchema> {
    return shadowOf(this.shadow.stop());
  }

  private async *streamed(
    lists: readonly ShownList[],
    limits: CallLimits,
  ): AsyncGenerator<MessageInitShape<typeof StreamPredictListResponseSchema>, void> {
    let index = 0;
    for await (const scored of this.score.stream(lists, limits)) {
      for (const response of toListResponses(scored)) yield { index: index++, response };
    }
    noteRpc({ inputs: sum(lists.map((list) => list.queries.length)) });
  }
}
