import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeDependencies, startFakeDependencies } from './support/fake-dependencies.js';
import { type RunningGateway, startGateway } from './support/gateway.js';
import { get } from './support/http.js';

const MIB = 2 ** 20;

let dependencies: FakeDependencies;
let gateway: RunningGateway;

beforeAll(async () => {
  dependencies = await startFakeDependencies();
  gateway = await startGateway(dependencies, { GQR_GATEWAY_MAX_MESSAGE_MIB: '8' });
});
afterAll(async () => {
  await gateway.remove();
  await dependencies.stop();
});

/** A connection on which a request has begun; nothing of the answer is read before somebody listens. */
async function begin(path: string, headers: Record<string, string>): Promise<Socket> {
  const [host = '', port] = gateway.http.split(':');
  const socket = connect(Number(port), host);
  // A connection that breaks under a write is told of by the write.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const lines = Object.entries({ host: gateway.http, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return socket;
}

/** Writes so much that the system cannot keep it on the way: it has to be read. @throws if the connection breaks */
function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

describe('a body that is refused', () => {
  const json = { 'content-type': 'application/json' };
  // Three times the limit, and more than systems keep on the way between two sockets.
  const body = Buffer.alloc(24 * MIB, ' ');
  const length = { 'content-length': String(body.length) };

  it.each<[string, string, Record<string, string>, string, string]>([
    ['for its length', '/v1/recommend', { ...json, ...length }, '413 Payload Too Large', 'PAYLOAD_TOO_LARGE'],
    [
      'for its type',
      '/v1/recommend',
      { 'content-type': 'application/xml', ...length },
      '415 Unsupported Media Type',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['for its origin', '/v1/feedback', { ...json, ...length, origin: 'https://elsewhere.example' }, '403 Forbidden', 'FORBIDDEN'],
  ])('%s is answered to a caller who sends all of it before reading', async (_, path, headers, status, reason) => {
    const socket = await begin(path, headers);
    await write(socket, body);
    const answer = await text(socket);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain(`"reason":"${reason}"`);
  });

  it('while it comes in chunks is answered to a caller who sends all of it before reading', async () => {
    const socket = await begin('/v1/recommend', { ...json, 'transfer-encoding': 'chunked' });
    await write(socket, Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]));
    expect(await text(socket)).toContain('"reason":"PAYLOAD_TOO_LARGE"');
  });

  it('is not read for ever', async () => {
    const socket = await begin('/v1/recommend', { ...json, 'transfer-encoding': 'chunked' });
    const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB, ' '), Buffer.from('\r\n')]);
    const endless = async (): Promise<never> => {
      for (;;) await write(socket, chunk);
    };
    await expect(endless()).rejects.toThrow();
    expect((await get(gateway.http, '/readyz')).status).toBe(200);
  });
});
