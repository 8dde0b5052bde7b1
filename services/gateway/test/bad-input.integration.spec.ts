import { RpcError } from '@gqr/chassis/grpc/client';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import { type FakeDependencies, startFakeDependencies } from './support/fake-dependencies.js';
import { type RunningGateway, startGateway } from './support/gateway.js';
import { post, problemOf } from './support/http.js';

let dependencies: FakeDependencies;
let gateway: RunningGateway;

beforeAll(async () => {
  dependencies = await startFakeDependencies();
  gateway = await startGateway(dependencies);
});
afterAll(async () => {
  await gateway.remove();
  await dependencies.stop();
});

const ASK = { taskId: 'suggestion', query: 'solar panels', sessionId: 'session-1' };

describe('bad input', () => {
  const impression = 'A'.repeat(42);
  const long = 'x'.repeat(2_001);

  it.each<[string, 'recommend' | 'feedback', Record<string, unknown>, status, string, string[]]>([
    ['an empty query', 'recommend', { taskId: 'hint' }, status.INVALID_ARGUMENT, 'INVALID_REQUEST', ['query']],
    ['an over-long query', 'recommend', { ...ASK, query: long }, status.INVALID_ARGUMENT, 'INVALID_REQUEST', ['query']],
    ['control characters', 'recommend', { ...ASK, query: 'a\u0000' }, status.INVALID_ARGUMENT, 'INVALID_REQUEST', ['query']],
    ['a count out of range', 'recommend', { ...ASK, count: 9 }, status.INVALID_ARGUMENT, 'INVALID_REQUEST', ['count']],
    [
      'a 10,000-turn history',
      'recommend',
      { ...ASK, history: Array.from({ length: 10_000 }, () => ({ query: 'q', response: 'r' })) },
      status.INVALID_ARGUMENT,
      'INVALID_REQUEST',
      ['history'],
    ],
    [
      'several faults',
      'recommend',
      { taskId: 'hint', count: 9, userId: long },
      status.INVALID_ARGUMENT,
      'INVALID_REQUEST',
      ['query', 'user_id', 'count'],
    ],
    ['an unknown task', 'recommend', { ...ASK, taskId: 'nope' }, status.NOT_FOUND, 'TASK_NOT_FOUND', []],
    [
      'a time of its own',
      'recommend',
      { ...ASK, occurredAt: '2026-11-01T00:00:00Z' },
      status.FAILED_PRECONDITION,
      'OCCURRED_AT_NOT_ACCEPTED',
      [],
    ],
    [
      'an unknown impression',
      'feedback',
      { impressionId: impression, clicks: [{ position: 1 }] },
      status.NOT_FOUND,
      'IMPRESSION_NOT_FOUND',
      [],
    ],
    ['no click', 'feedback', { impressionId: impression }, status.INVALID_ARGUMENT, 'INVALID_REQUEST', ['clicks']],
  ])('such as %s gets the same answer over gRPC and HTTP', async (_, rpc, request, code, reason, fields) => {
    const http = problemOf(await post(gateway.http, `/v1/${rpc}`, request));
    const occurredAt = request['occurredAt'] === undefined ? {} : { occurredAt: { seconds: 1_793_491_200n, nanos: 0 } };
    const grpc: unknown = await (
      rpc === 'recommend' ? gateway.client.recommend({ ...request, ...occurredAt }) : gateway.client.recordFeedback(request)
    ).catch((error: unknown) => error);
    expect(grpc).toBeInstanceOf(RpcError);
    expect(grpc).toMatchObject({ code, reason, message: http.message });
    expect({ code: http.code, reason: http.reason }).toEqual({ code, reason });
    expect((grpc as RpcError).violations.map(({ field }) => field)).toEqual(fields);
    expect(http.violations).toEqual((grpc as RpcError).violations);
  });

  it('is told of with its path in a stream', async () => {
    const answer = collect(gateway.client.streamRecommend({ request: { taskId: 'hint' } }));
    await expect(answer).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'request.query' }] });
    await expect(collect(gateway.client.streamRecommend({}))).rejects.toMatchObject({ violations: [{ field: 'request' }] });
    const http = await post(gateway.http, '/v1/recommend:stream', { taskId: 'hint' });
    expect([http.status, problemOf(http).violations]).toMatchObject([400, [{ field: 'query' }]]);
  });

  it('such as a click on what was not shown names the click', async () => {
    const { impressionId } = await gateway.client.recommend(ASK);
    const clicks = [{ position: 1 }, { text: 'lunar panels' }];
    await expect(gateway.client.recordFeedback({ impressionId, clicks })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'clicks[1].text' }],
    });
  });

  it('such as text that is not UTF-8 names the field', async () => {
    const raw = new Client(gateway.grpc, credentials.createInsecure());
    const bytes = Buffer.concat([Buffer.from([0x0a, 4]), Buffer.from('hint'), Buffer.from([0x12, 2, 0xc3, 0x28])]);
    const error = await new Promise<{ code?: number; details?: string } | null>((resolve) => {
      raw.makeUnaryRequest(
        '/gqr.recommendation.v1.RecommendationService/Recommend',
        (value: Buffer) => value,
        (value) => value,
        bytes,
        resolve,
      );
    });
    raw.close();
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: 'query: is not valid UTF-8; encode all texts as UTF-8' });
    const http = await post(gateway.http, '/v1/recommend', Buffer.from('{"taskId":"hint","query":"\xc3\x28"}', 'latin1'));
    expect([http.status, problemOf(http).message]).toEqual([400, 'body: is not valid UTF-8; encode all texts as UTF-8']);
  });

  it('such as an unpaired surrogate is refused', async () => {
    const http = await post(gateway.http, '/v1/recommend', '{"taskId":"hint","query":"a\\ud800"}');
    expect(problemOf(http).violations).toEqual([{ field: 'query', description: 'has an unpaired surrogate; send valid Unicode' }]);
  });

  it('such as an unknown field is refused with its name', async () => {
    const http = await post(gateway.http, '/v1/recommend', { ...ASK, sesionId: 'x' });
    expect([http.status, problemOf(http).violations]).toMatchObject([400, [{ field: 'sesionId' }]]);
  });

  it.each([
    [
      'a body that is not JSON',
      '/v1/recommend',
      'query=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a body of plain text', '/v1/recommend', '{}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a path that is not there', '/v1/recommendations', '{}', {}, 404, 'NOT_FOUND'],
    ['a body larger than the limit', '/v1/recommend', ' '.repeat(25 * 2 ** 20), {}, 413, 'PAYLOAD_TOO_LARGE'],
    ['another origin', '/v1/feedback', '{}', { origin: 'https://elsewhere.example' }, 403, 'FORBIDDEN'],
    ['a timeout that is no number', '/v1/recommend', JSON.stringify(ASK), { 'gqr-timeout-ms': 'soon' }, 400, 'INVALID_REQUEST'],
  ])('over HTTP such as %s gets google.rpc.Status', async (_, path, body, headers, code, reason) => {
    const answer = await post(gateway.http, path, body, headers);
    expect([answer.status, problemOf(answer).reason]).toEqual([code, reason]);
  });

  it('leaves the gateway whole', async () => {
    expect((await gateway.client.recommend(ASK)).recommendations).toHaveLength(3);
  });
});
