import type { DescService } from '@bufbuild/protobuf';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';

/** What a method answers: a message, or those of a stream, one after the other. */
export type Answer = (request: never) => object | AsyncIterable<object>;

type Answers = Readonly<Record<string, Answer>>;

/** Starts a service that answers as it is told to, on a real socket, for as long as its thread lives. Returns its address. */
export function startFakeService(service: DescService, answers: Answers): Promise<string> {
  return startFakeServer([service, answers]);
}

/** As startFakeService, with several services behind one address. */
export async function startFakeServer(...services: readonly (readonly [DescService, Answers])[]): Promise<string> {
  const server = new Server();
  for (const [service, answers] of services) {
    const handlers = service.methods.flatMap(({ name, methodKind }) => {
      const answer = answers[name];
      if (answer === undefined) return [];
      const handler = methodKind === 'unary' ? unary(answer) : streaming(answer);
      return [[name, handler] as const];
    });
    server.addService(serviceDefinition(service), Object.fromEntries(handlers));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return `127.0.0.1:${String(port)}`;
}

function unary(answer: Answer) {
  return (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>): void => {
    respond(null, answer(call.request as never));
  };
}

function streaming(answer: Answer) {
  return async (call: ServerWritableStream<object, object>): Promise<void> => {
    for await (const message of answer(call.request as never) as AsyncIterable<object>) call.write(message);
    call.end();
  };
}
