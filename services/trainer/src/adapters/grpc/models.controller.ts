import type { MessageInitShape } from '@bufbuild/protobuf';
import { limitsOf, type ServerCall } from '@gqr/chassis/grpc/call';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import { type Manifest, ModelNotFoundError, type ModelRegistry } from '@gqr/chassis/registry/registry';
import type {
  GetModelRequest,
  GetModelResponseSchema,
  ListModelsRequest,
  ListModelsResponseSchema,
  ModelSchema,
  PromoteRequest,
  PromoteResponseSchema,
  RollbackRequest,
  RollbackResponseSchema,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { Promotion } from '../../domain/models/promotion.js';
import { modelMessage } from './messages.js';
import { parseModelId, parseModelKind, parseRequired } from './parse.js';

const SERVICE = 'TrainerService';
const STABLE = 'stable';

/** Token of the model registry. */
export const MODEL_REGISTRY = Symbol('MODEL_REGISTRY');

/** Models of the registry, and which of them serve. */
@Controller()
export class ModelsController {
  constructor(
    @Inject(MODEL_REGISTRY) private readonly registry: ModelRegistry,
    @Inject(Promotion) private readonly promotion: Promotion,
  ) {}

  @GrpcMethod(SERVICE, 'ListModels')
  async listModels(request: ListModelsRequest): Promise<MessageInitShape<typeof ListModelsResponseSchema>> {
    const manifests = await this.registry.list(request.kind === '' ? undefined : request.kind);
    return { models: await Promise.all(manifests.map((manifest) => this.describe(manifest))) };
  }

  @GrpcMethod(SERVICE, 'GetModel')
  async getModel(request: GetModelRequest): Promise<MessageInitShape<typeof GetModelResponseSchema>> {
    const { kind, version } = parseModelKind(request.id);
    const wanted = version === '' ? await this.registry.channel(kind, STABLE) : version;
    if (wanted === undefined) throw new ModelNotFoundError(`channel stable of ${JSON.stringify(kind.slice(0, 80))} points to no model yet`);
    return { model: await this.describe(await this.registry.get({ kind, version: wanted })) };
  }

  @GrpcMethod(SERVICE, 'Promote')
  async promote(request: PromoteRequest, _metadata: unknown, call: ServerCall): Promise<MessageInitShape<typeof PromoteResponseSchema>> {
    const id = parseModelId(request.id);
    await this.registry.get(id);
    const before = await this.promotion.promote(id, limitsOf(call).signal);
    noteRpc({ kind: id.kind, version: id.version });
    return { previousVersion: before ?? '' };
  }

  @GrpcMethod(SERVICE, 'Rollback')
  async rollback(request: RollbackRequest, _metadata: unknown, call: ServerCall): Promise<MessageInitShape<typeof RollbackResponseSchema>> {
    const kind = parseRequired('kind', request.kind);
    const version = await this.promotion.rollback(kind, limitsOf(call).signal);
    noteRpc({ kind, version });
    return { version };
  }

  private async describe(manifest: Manifest): Promise<MessageInitShape<typeof ModelSchema>> {
    return modelMessage(manifest, await this.registry.channelsOf(manifest));
  }
}
