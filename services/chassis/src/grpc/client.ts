import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { Client, type ClientOptions, credentials, Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import type { FieldViolation } from '../errors.js';
import { withoutStackTrace } from '../without-stack-trace.js';
import { type CallLimits, cancelOn } from './call.js';
import { serviceDefinition } from './definition.js';
import { readDetails } from './status.js';

/** A call that failed. Thrown by every method of a client. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** Reason in UPPER_SNAKE_CASE from google.rpc.ErrorInfo; the code's name when the server sent none. */
  readonly reason: string;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;
  constructor(
    readonly method: string,
    readonly code: status,
    message: string,
    trailers: Metadata = new Metadata(),
  ) {
    super(message);
    const details = readDetails(trailers);
    this.reason = details.reason ?? status[code];
    this.violations = details.violations;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Any message's initialiser; which one, the method's type says. */
type Init = Record<string, unknown>;
type Kind = DescMethod['methodKind'];
type MethodOf<K extends Kind, I extends DescMessage, O extends DescMessage> = K extends 'unary'
  ? (request: MessageInitShape<I>, limits?: Partial<CallLimits>) => Promise<MessageShape<O>>
  : K extends 'server_streaming'
    ? (request: MessageInitShape<I>, limits?: Partial<CallLimits>) => AsyncIterable<MessageShape<O>>
    : K extends 'client_streaming'
      ? (requests: AsyncIterable<MessageInitShape<I>>, limits?: Partial<CallLimits>) => Promise<MessageShape<O>>
      : never;

/** A service's methods as typed functions. */
export type GrpcClient<S extends DescService> = {
  readonly [M in keyof S['method']]: S['method'][M] extends {
    methodKind: infer K extends Kind;
    input: infer I extends DescMessage;
    output: infer O extends DescMessage;
  }
    ? MethodOf<K, I, O>
    : never;
} & { readonly close: () => void };

const CHANNEL: ClientOptions = {
  // A restarted service is found again within a second, not within grpc's own two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': 64 * 2 ** 20,
  'grpc.max_send_message_length': 64 * 2 ** 20,
  // Several replicas behind one name share the load.
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

function toRpcError(method: string, error: ServiceError): RpcError {
  return new RpcError(method, error.code, error.details || error.message, error.metadata);
}

function optionsOf(limits: Partial<CallLimits> | undefined): { deadline?: number } {
  return limits?.deadline !== undefined && Number.isFinite(limits.deadline) ? { deadline: limits.deadline } : {};
}

/** One method of a service on a channel. */
class Rpc {
  private readonly path: string;
  private readonly serialize: (message: unknown) => Buffer;
  private readonly deserialize: (bytes: Buffer) => unknown;

  constructor(
    private readonly client: Client,
    private readonly method: DescMethod,
    definition: MethodDefinition<unknown, unknown>,
  ) {
    this.path = definition.path;
    this.serialize = (message) => definition.requestSerialize(message);
    this.deserialize = (bytes) => definition.responseDeserialize(bytes);
  }

  unary(request: Init, limits?: Partial<CallLimits>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const message = create(this.method.input, request);
      const answered = (error: ServiceError | null, response?: unknown): void => {
        release();
        if (error) reject(toRpcError(this.path, error));
        else resolve(response);
      };
      // grpc-js makes an error of every call beforehand.
      const call = withoutStackTrace(() =>
        this.client.makeUnaryRequest(this.path, this.serialize, this.deserialize, message, optionsOf(limits), answered),
      );
      const release = cancelOn(limits?.signal, call);
    });
  }

  async clientStreaming(requests: AsyncIterable<Init>, limits?: Partial<CallLimits>): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    const call = this.client.makeClientStreamRequest(this.path, this.serialize, this.deserialize, optionsOf(limits), (error, response) => {
      if (error) answer.reject(toRpcError(this.path, error));
      else answer.resolve(response);
    });
    const release = cancelOn(limits?.signal, call);
    const sending = (async () => {
      for await (const request of requests) {
        const drained = call.write(create(this.method.input, request));
        // A server that fails the call early never drains it.
        if (!drained) await Promise.race([new Promise((resume) => call.once('drain', resume)), answer.promise]);
      }
      call.end();
    })();
    sending.catch((error: unknown) => {
      call.cancel();
      answer.reject(error);
    });
    try {
      return await answer.promise;
    } finally {
      release();
    }
  }

  async *serverStreaming(request: Init, limits?: Partial<CallLimits>): AsyncGenerator<unknown, void> {
    const message = create(this.method.input, request);
    const call = withoutStackTrace(() =>
      this.client.makeServerStreamRequest(this.path, this.serialize, this.deserialize, message, optionsOf(limits)),
    );
    const release = cancelOn(limits?.signal, call);
    try {
      yield* call;
    } catch (error) {
      throw error instanceof Error && 'code' in error ? toRpcError(this.path, error as ServiceError) : error;
    } finally {
      release();
      call.cancel();
    }
  }

  /** The function that callers get. No contract of GQR streams both ways. */
  bind(): unknown {
    switch (this.method.methodKind) {
      case 'unary':
        return this.unary.bind(this);
      case 'client_streaming':
        return this.clientStreaming.bind(this);
      case 'server_streaming':
        return this.serverStreaming.bind(this);
      case 'bidi_streaming':
        return undefined;
    }
  }
}

/** A client of `service` at `target` ("host:port" or "dns:///name:port"). Deadlines and cancellation travel with every call. */
export function grpcClient<S extends DescService>(service: S, target: string): GrpcClient<S> {
  const client = new Client(target, credentials.createInsecure(), CHANNEL);
  const definition = serviceDefinition(service);
  const methods: Record<string, unknown> = {
    close: () => {
      client.close();
    },
  };
  for (const method of service.methods) {
    const rpc = definition[method.name];
    if (rpc !== undefined) methods[method.localName] = new Rpc(client, method, rpc).bind();
  }
  return methods as GrpcClient<S>;
}
