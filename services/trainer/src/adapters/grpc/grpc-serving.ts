import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@gqr/chassis/errors';
import { grpcClient, RpcError } from '@gqr/chassis/grpc/client';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { status } from '@grpc/grpc-js';
import type { ModelId } from '../../domain/models/model-store.js';
import { ModelRefusedError, type Serving, ServingUnreachableError, UnservedKindError } from '../../domain/models/promotion.js';

export interface ServingAddresses {
  readonly cooccurrence: string;
  readonly ctr: string;
  readonly generation: string;
}

/** Codes with which a service says that it can't take a model, however often it is asked. */
const REFUSALS: ReadonlySet<status> = new Set([
  status.FAILED_PRECONDITION,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.UNIMPLEMENTED,
  status.INTERNAL,
]);
/** A model is checked, opened and warmed up before it serves. */
const LOAD_MS = 120_000;
const RETRY_MS = 500;
const POLICY = 'policy.';

type Load = (deadline: number, signal: AbortSignal) => Promise<unknown>;

/** The services that serve models, over gRPC. A service that is being restarted is waited for. */
export class GrpcServing implements Serving {
  private readonly cooccurrence;
  private readonly ctr;
  private readonly generation;

  constructor(
    addresses: ServingAddresses,
    /** How long a service that can't be reached is waited for. */
    private readonly patienceMs: number,
  ) {
    this.cooccurrence = grpcClient(CooccurrenceService, addresses.cooccurrence);
    this.ctr = grpcClient(CtrService, addresses.ctr);
    this.generation = grpcClient(GenerationService, addresses.generation);
  }

  async load(id: ModelId, signal: AbortSignal): Promise<void> {
    const load = this.loadOf(id);
    for (const patience = Date.now() + this.patienceMs; ; await sleep(RETRY_MS, undefined, { signal })) {
      signal.throwIfAborted();
      try {
        await load(Date.now() + LOAD_MS, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RpcError && REFUSALS.has(error.code)) throw new ModelRefusedError(id, error.message);
        if (Date.now() > patience) throw new ServingUnreachableError(id, messageOf(error));
      }
    }
  }

  close(): void {
    this.cooccurrence.close();
    this.ctr.close();
    this.generation.close();
  }

  private loadOf({ kind, version }: ModelId): Load {
    if (kind === 'cooccurrence') return (deadline, signal) => this.cooccurrence.loadSnapshot({ version }, { deadline, signal });
    if (kind === 'ctr') return (deadline, signal) => this.ctr.reloadModel({ version }, { deadline, signal });
    if (!kind.startsWith(POLICY)) throw new UnservedKindError(kind);
    const policy = { taskId: kind.slice(POLICY.length), policyVersion: version, serve: true };
    return (deadline, signal) => this.generation.loadPolicy(policy, { deadline, signal });
  }
}
