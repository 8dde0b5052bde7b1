import { create } from '@bufbuild/protobuf';
import {
  RecommendRequestSchema,
  RecordFeedbackRequestSchema,
  type StreamRecommendResponse,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { describe, expect, it } from 'vitest';
import { GatewayError } from './gateway.js';
import { HttpGateway } from './http-gateway.js';
import type { Problem } from './problem.js';

const REQUEST = create(RecommendRequestSchema, { taskId: 'suggestion', query: 'q' });
const never = new AbortController().signal;

/** A gateway that answers every call with this body. */
function answering(body: BodyInit, status = 200) {
  const calls: { url: string; init: RequestInit }[] = [];
  const gateway = new HttpGateway((url, init) => {
    calls.push({ url, init });
    return Promise.resolve(new Response(body, { status }));
  });
  return { gateway, calls };
}

async function problemOfCall(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GatewayError) return error.problem;
  throw new Error(`not a GatewayError: ${String(error)}`);
}

async function all(stream: AsyncIterable<StreamRecommendResponse>): Promise<StreamRecommendResponse[]> {
  const messages = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

describe('the HTTP gateway', () => {
  it('posts requests in proto3 JSON to an address relative to the page', async () => {
    const { gateway, calls } = answering('{"impressionId": "i", "somethingNew": 1}');
    expect(await gateway.recommend(REQUEST, never)).toMatchObject({ impressionId: 'i' });
    expect(calls[0]).toMatchObject({ url: 'v1/recommend', init: { method: 'POST', body: '{"taskId":"suggestion","query":"q"}' } });
  });

  it('reads a stream line by line', async () => {
    const { gateway, calls } = answering(
      '{"auxiliaryTexts":{"texts":{"prefix":"p"}}}\n{"recommendation":{"text":"one"}}\n\n{"response":{}}\n',
    );
    const messages = await all(gateway.streamRecommend(REQUEST, never));
    expect(messages.map(({ event }) => event.case)).toEqual(['auxiliaryTexts', 'recommendation', 'response']);
    expect(calls[0]?.url).toBe('v1/recommend:stream');
  });

  it('tells the error in the last line of a stream', async () => {
    const { gateway } = answering('{"recommendation":{"text":"one"}}\n{"error":{"code":4,"message":"too late","details":[]}}\n');
    expect(await problemOfCall(all(gateway.streamRecommend(REQUEST, never)))).toMatchObject({
      title: 'The gateway ran out of time',
      message: 'too late',
    });
  });

  it('sends clicks so that they outlive the page', async () => {
    const { gateway, calls } = answering('{"recorded": 1}');
    await gateway.recordFeedback(create(RecordFeedbackRequestSchema, { impressionId: 'i', clicks: [{ position: 2 }] }));
    expect(calls[0]).toMatchObject({
      url: 'v1/feedback',
      init: { keepalive: true, body: '{"impressionId":"i","clicks":[{"position":2}]}' },
    });
  });

  it('says that no gateway can be reached', async () => {
    const gateway = new HttpGateway(() => Promise.reject(new TypeError('fetch failed')));
    expect(await problemOfCall(gateway.tasks(never))).toMatchObject({ reason: 'UNREACHABLE' });
  });

  it('gives up on a connection over which nothing comes', async () => {
    const hanging = (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    expect(await problemOfCall(new HttpGateway(hanging, 20).tasks(never))).toMatchObject({ reason: 'TIMEOUT' });
  });

  it('says that a stream broke off', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.error(new TypeError('network error')),
    });
    expect(await problemOfCall(all(answering(body).gateway.streamRecommend(REQUEST, never)))).toMatchObject({ reason: 'UNREACHABLE' });
  });

  it('says that an answer is none of the contract', async () => {
    expect(await problemOfCall(answering('<html>').gateway.tasks(never))).toMatchObject({ reason: 'UNREADABLE' });
    expect(await problemOfCall(answering('{"tasks": 3}').gateway.tasks(never))).toMatchObject({ reason: 'UNREADABLE' });
  });

  it('rejects with the reason of the abort when the caller aborts', async () => {
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    const aborted = new HttpGateway((_, { signal }) => Promise.reject(signal?.reason as Error));
    await expect(aborted.tasks(abort.signal)).rejects.toThrow('enough');
  });
});
