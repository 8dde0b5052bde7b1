import type { DescService } from '@bufbuild/protobuf';
import type { ServerCall } from '@gqr/chassis/grpc/call';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { toServiceError } from '@gqr/chassis/grpc/status';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';

/** What a fake service does with a call: messages to send, in order, and then it ends. Bytes are sent as they are. */
export type Behaviour = (request: never, call: ServerCall) => AsyncIterable<object> | Promise<object> | object;

/** Answers with a gRPC status. */
export class Failure extends Error {
  constructor(readonly code: status) {
    super(`told to fail with ${status[code]}`);
  }
}

/** Never answers; ends when the caller gives up. */
export const hang: Behaviour = (_request, call) =>
  new Promise((_, reject) => {
    call.once('cancelled', () => {
      reject(new Failure(status.CANCELLED));
    });
  });

export function failWith(code: status): Behaviour {
  return () => Promise.reject(new Failure(code));
}

/** Answers with bytes that are no message. */
export const junk: Behaviour = () => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]);

/** A real gRPC server on a real socket that does as it is told: for tests of slow, gone, restarted and mad dependencies. */
export class FakeServer {
  private server: Server | undefined;
  private port = 0;
  private readonly behaviours = new Map<string, Behaviour>();
  /** Requests by method, in order of arrival. */
  readonly requests: { method: string; request: object }[] = [];
  /** Calls whose caller gave up, by method. */
  readonly cancelled: string[] = [];

  constructor(
    private readonly service: DescService,
    defaults: Readonly<Record<string, Behaviour>>,
  ) {
    this.reset(defaults);
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  /** Makes `method` behave so from now on. */
  on(method: string, behaviour: Behaviour): void {
    this.behaviours.set(method, behaviour);
  }

  reset(behaviours: Readonly<Record<string, Behaviour>>): void {
    for (const [method, behaviour] of Object.entries(behaviours)) this.behaviours.set(method, behaviour);
  }

  requestsOf(method: string): object[] {
    return this.requests.filter((entry) => entry.method === method).map(({ request }) => request);
  }

  /** Listens; after a stop, on the same port as before. */
  async start(): Promise<this> {
    const server = new Server();
    server.addService(this.definition(), this.handlers());
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${String(this.port)}`, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    this.server = server;
    return this;
  }

  /** Breaks all connections, as a killed process does. */
  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private definition() {
    return Object.fromEntries(
      Object.entries(serviceDefinition(this.service)).map(([name, method]) => [
        name,
        { ...method, responseSerialize: (message: unknown) => (message instanceof Buffer ? message : method.responseSerialize(message)) },
      ]),
    );
  }

  private handlers() {
    return Object.fromEntries(
      this.service.methods.map((method) => [
        method.name,
        method.methodKind === 'unary'
          ? (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
              this.behave(method.name, call).then(
                (message) => {
                  answer(null, message as object);
                },
                (error: unknown) => {
                  answer(toStatus(error));
                },
              );
            }
          : (call: ServerWritableStream<object, object>) => {
              void this.stream(method.name, call);
            },
      ]),
    );
  }

  private async stream(method: string, call: ServerWritableStream<object, object>): Promise<void> {
    try {
      const messages = await this.behave(method, call);
      if (Symbol.asyncIterator in (messages as object)) {
        for await (const message of messages as AsyncIterable<object>) call.write(message);
      } else call.write(messages as object);
      call.end();
    } catch (error) {
      call.emit('error', toStatus(error));
    }
  }

  private async behave(method: string, call: ServerCall & { request: object }): Promise<unknown> {
    this.requests.push({ method, request: call.request });
    call.once('cancelled', () => {
      this.cancelled.push(method);
    });
    const behaviour = this.behaviours.get(method);
    if (behaviour === undefined) throw new Failure(status.UNIMPLEMENTED);
    return behaviour(call.request as never, call);
  }
}

function toStatus(error: unknown) {
  const code = error instanceof Failure ? error.code : status.UNKNOWN;
  return toServiceError({ code, reason: 'FAKE', message: String(error) });
}
