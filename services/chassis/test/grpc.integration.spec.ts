import { create, toBinary } from '@bufbuild/protobuf';
import { CtrService, PredictListRequestSchema } from '@gqr/protos/gqr/ctr/v1/ctr';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grpcClient, RpcError } from '../src/grpc/client.js';
import { readDetails } from '../src/grpc/status.js';
import { type RunningService, startService } from '../src/testing/running-service.js';

describe('a service on the chassis', () => {
  let echo: RunningService;

  beforeAll(async () => {
    echo = await startService(new URL('./echo-service.js', import.meta.url));
  });
  afterAll(async () => {
    await echo.stop();
  });

  it('answers a typed client', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const answer = await client.predictList({ taskId: 'suggestion', context: { query: 'ok' }, queries: ['a', 'b'] });
    client.close();
    expect(answer.clickProbabilities).toEqual([0.5, 0.5]);
  });

  it('answers a domain error with its code, reason, field and remedy', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const error: unknown = await client
      .predictList({ taskId: 'suggestion', context: { query: 'ok' }, queries: [] })
      .catch((e: unknown) => e);
    client.close();
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_REQUEST',
      violations: [{ field: 'queries', description: 'must hold 1 to 100 queries' }],
    });
  });

  it('answers an unforeseen error with INTERNAL and a fixed text that quotes nothing', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const error: unknown = await client.predictList({ context: { query: 'crash' }, queries: ['a'] }).catch((e: unknown) => e);
    client.close();
    expect(error).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL', message: 'internal error; see the logs of the service' });
  });

  it('goes on with the calls of a connection on which thousands of callers leave', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const hang = (leave: AbortController): Promise<unknown> =>
      client.predictList({ context: { query: 'hang' }, queries: ['a'] }, { signal: leave.signal }).catch((error: unknown) => error);
    const stayer = new AbortController();
    const stays = hang(stayer);
    const left: unknown[] = [];
    for (let round = 0; round < 30; round++) {
      const leave = new AbortController();
      const calls = Array.from({ length: 100 }, () => hang(leave));
      await client.predictList({ context: { query: 'ok' }, queries: ['a'] }); // they have arrived
      leave.abort();
      left.push(...(await Promise.all(calls)));
    }
    expect(new Set(left.map((error) => (error as RpcError).code))).toEqual(new Set([status.CANCELLED]));
    stayer.abort();
    expect(await stays).toMatchObject({ code: status.CANCELLED }); // until now it was under way
    client.close();
  });

  it('answers text that is not UTF-8 with INVALID_ARGUMENT and the path of the field', async () => {
    const bytes = Buffer.from(
      toBinary(PredictListRequestSchema, create(PredictListRequestSchema, { context: { query: 'PLACE' }, queries: ['a'] })),
    );
    bytes[bytes.indexOf('PLACE')] = 0xff;
    const raw = new Client(echo.grpc, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) => {
      raw.makeUnaryRequest(
        '/gqr.ctr.v1.CtrService/PredictList',
        (b: Buffer) => b,
        (b) => b,
        bytes,
        (e) => {
          resolve(e);
        },
      );
    });
    raw.close();
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(error && readDetails(error.metadata)).toMatchObject({ reason: 'MALFORMED_REQUEST', violations: [{ field: 'context.query' }] });
  });

  it('answers a request over the size limit with the limit and the remedy, and counts it', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const error: unknown = await client
      .predictList({ context: { query: 'x'.repeat(5 * 2 ** 20) }, queries: ['a'] })
      .catch((e: unknown) => e);
    client.close();
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'MESSAGE_TOO_LARGE',
      message: 'the request is larger than the 4,194,304 bytes that this service takes; shorten it or send it in parts',
    });
    await expect.poll(() => echo.output(), { timeout: 10_000 }).toContain('"outcome":"RESOURCE_EXHAUSTED"');
  });

  it('answers a method that it does not have with a reason', async () => {
    const raw = new Client(echo.grpc, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) => {
      raw.makeUnaryRequest(
        '/gqr.ctr.v1.CtrService/PredictNext',
        (b: Buffer) => b,
        (b) => b,
        Buffer.alloc(0),
        (e) => {
          resolve(e);
        },
      );
    });
    raw.close();
    expect(error?.code).toBe(status.UNIMPLEMENTED);
    expect(error && readDetails(error.metadata).reason).toBe('UNKNOWN_METHOD');
  });

  it('stops its work when the deadline of the caller passes', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    const error: unknown = await client
      .predictList({ context: { query: 'hang' }, queries: ['a'] }, { deadline: Date.now() + 2_000 })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await expect.poll(() => echo.output(), { timeout: 10_000 }).toContain('"stopped":"');
    client.close();
  });

  it('leaves one event a call in its log, without the text of the request', async () => {
    const client = grpcClient(CtrService, echo.grpc);
    await client.predictList({ context: { query: 'a very private query' }, queries: ['a'] });
    client.close();
    await expect.poll(() => echo.output()).toContain('"queries":1');
    expect(echo.output()).not.toContain('very private');
  });

  it('answers an HTTP request that has no route as google.rpc.Status, too', async () => {
    const response = await fetch(`http://${echo.http}/nowhere`);
    expect([response.status, await response.json()]).toEqual([
      404,
      {
        code: status.NOT_FOUND,
        message: 'Cannot GET /nowhere',
        details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'NOT_FOUND', domain: 'gqr', metadata: {} }],
      },
    ]);
  });

  it('serves health, reflection and metrics', async () => {
    const metrics = await (await fetch(`http://${echo.http}/metrics`)).text();
    expect(metrics).toMatch(/gqr_rpc_duration_seconds_count\{.*op="gqr\.ctr\.v1\.CtrService\/PredictList".*outcome="OK".*\} [1-9]/);
    const raw = new Client(echo.grpc, credentials.createInsecure());
    const check = await new Promise<Buffer | undefined>((resolve, reject) => {
      raw.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (b: Buffer) => b,
        (b) => b,
        Buffer.from([10, 9, ...Buffer.from('readiness')]),
        (e, value) => {
          if (e) reject(e);
          else resolve(value);
        },
      );
    });
    expect(check).toEqual(Buffer.from([8, 1]));
    const listed = await new Promise<Buffer>((resolve, reject) => {
      const call = raw.makeBidiStreamRequest(
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        (b: Buffer) => b,
        (b: Buffer) => b,
      );
      call.once('data', (bytes: Buffer) => {
        resolve(bytes);
        call.cancel();
      });
      call.on('error', reject);
      call.write(Buffer.from([58, 1, 42]));
    });
    raw.close();
    expect(listed.toString()).toContain('gqr.ctr.v1.CtrService');
    expect(listed.toString()).toContain('grpc.health.v1.Health');
  });
});
