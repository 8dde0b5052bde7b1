import { Client, credentials } from '@grpc/grpc-js';

const STATES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** What grpc.health.v1 says of a part of a server, or why it does not answer. */
export async function healthOf(target: string, part: string): Promise<string> {
  const client = new Client(target, credentials.createInsecure());
  // A request is its field 1, the part's name; an answer its field 1, the state.
  const request = Buffer.from([10, part.length, ...Buffer.from(part)]);
  const state = await new Promise<string>((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request,
      (error, answer) => {
        resolve(error?.message ?? STATES[answer?.[1] ?? 0] ?? 'unknown answer');
      },
    );
  });
  client.close();
  return state;
}
