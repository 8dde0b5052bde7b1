import { create } from '@bufbuild/protobuf';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { toServiceError } from '@gqr/chassis/grpc/status';
import { CooccurrenceService, type LoadSnapshotRequest, LoadSnapshotResponseSchema } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService, type ReloadModelRequest, ReloadModelResponseSchema } from '@gqr/protos/gqr/ctr/v1/ctr';
import {
  GenerationService,
  type LoadPolicyRequest,
  LoadPolicyResponseSchema,
  type RenderPromptsRequest,
  RenderPromptsResponseSchema,
} from '@gqr/protos/gqr/generation/v1/generation';
import { type handleUnaryCall, Server, ServerCredentials, status, type UntypedServiceImplementation } from '@grpc/grpc-js';

/** The services that serve models, in one server: they note what they load, and refuse it when they are told to. */
export class FakeServices {
  /** Versions in the order in which they were loaded, by kind. */
  readonly loaded: { kind: string; version: string }[] = [];
  /** Why the next models are refused; undefined when they are taken. */
  refusal: string | undefined;
  address = '';
  private server = new Server();

  /** Starts, on the same address if it was started before. */
  async start(): Promise<void> {
    this.server = new Server();
    const add = (service: Parameters<typeof serviceDefinition>[0], methods: UntypedServiceImplementation): void => {
      const definition = serviceDefinition(service);
      const served = Object.fromEntries(Object.entries(definition).filter(([name]) => name in methods));
      this.server.addService(served, methods);
    };
    add(CooccurrenceService, {
      LoadSnapshot: this.answer(({ version }: LoadSnapshotRequest) =>
        this.take('cooccurrence', version, create(LoadSnapshotResponseSchema)),
      ),
    });
    add(CtrService, {
      ReloadModel: this.answer(({ version }: ReloadModelRequest) => this.take('ctr', version, create(ReloadModelResponseSchema))),
    });
    add(GenerationService, {
      LoadPolicy: this.answer(({ taskId, policyVersion }: LoadPolicyRequest) =>
        this.take(`policy.${taskId}`, policyVersion, create(LoadPolicyResponseSchema)),
      ),
      RenderPrompts: this.answer((request: RenderPromptsRequest) =>
        create(RenderPromptsResponseSchema, {
          promptVersion: 'p1',
          prompts: request.instances.map(({ context, queries }) => ({
            prompt: `ask: ${context?.query ?? ''}`,
            response: queries.join('|'),
          })),
        }),
      ),
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(this.address || '127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    this.address = `127.0.0.1:${String(port)}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private take<M>(kind: string, version: string, response: M): M {
    if (this.refusal !== undefined) {
      throw toServiceError({ code: status.FAILED_PRECONDITION, reason: 'MODEL_UNUSABLE', message: this.refusal }) as unknown as Error;
    }
    this.loaded.push({ kind, version });
    return response;
  }

  private answer<Request>(respond: (request: Request) => unknown): handleUnaryCall<Request, unknown> {
    return (call, callback) => {
      try {
        callback(null, respond(call.request));
      } catch (error) {
        callback(error as Error);
      }
    };
  }
}
