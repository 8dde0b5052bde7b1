import { Degradation_Level as Level, type RecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { BatchPredictNextRequest } from '@gqr/protos/gqr/ctr/v1/ctr';
import { Source } from '@gqr/protos/gqr/events/v1/events';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import { type FakeDependencies, startFakeDependencies, streamList, tellsOrigin, streamNothing } from './support/fake-dependencies.js';
import { type Behaviour, failWith, Failure, hang, junk } from './support/fake-server.js';
import { readEvents, type RunningGateway, startGateway } from './support/gateway.js';
import { get, post, problemOf } from './support/http.js';

let dependencies: FakeDependencies;
let gateway: RunningGateway;

const LIMITS = {
  GQR_GATEWAY_CTR_MS: '200',
  GQR_GATEWAY_LOG_MS: '300',
  GQR_GATEWAY_GENERATION_PATIENCE_MS: '250',
  GQR_GATEWAY_MAX_RECOMMENDATIONS: '8',
};

beforeAll(async () => {
  dependencies = await startFakeDependencies();
  gateway = await startGateway(dependencies, LIMITS);
});
afterAll(async () => {
  await gateway.remove();
  await dependencies.stop();
});

const ASK = { taskId: 'suggestion', query: 'solar panels', sessionId: 'session-1' };

const ask = (timeoutMs = 2_000, asked = gateway): Promise<RecommendResponse> =>
  asked.client.recommend(ASK, { deadline: Date.now() + timeoutMs });

beforeEach(async () => {
  dependencies.heal();
  await expect.poll(async () => (await ask()).degradation, { timeout: 10_000, interval: 100 }).toBeUndefined();
});

const sourcesOf = (answer: RecommendResponse): Source[] => answer.recommendations.map(({ source }) => source);
const { GENERATION, COOCCURRENCE, POPULAR } = Source;

describe('generation', () => {
  it('that hangs is left in time for an answer from co-occurrence, and told so', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const before = dependencies.generation.cancelled.length;
    const answer = await ask(1_000);
    expect(answer).toMatchObject({ degradation: { level: Level.COOCCURRENCE, reasons: ['GENERATION_TIMEOUT'] } });
    expect(sourcesOf(answer)).toEqual([COOCCURRENCE, COOCCURRENCE, COOCCURRENCE]);
    expect(answer.recommendations[0]?.clickProbability).toBe(0.5);
    expect(answer.impressionId).not.toBe('');
    await expect.poll(() => dependencies.generation.cancelled.length).toBeGreaterThan(before);
  });

  it('that is slow leaves the queries that were complete', async () => {
    dependencies.generation.on('StreamGenerate', async function* (request: never, call) {
      for await (const event of (streamList() as (request: never) => AsyncIterable<object>)(request)) {
        yield event;
        if (!tellsOrigin(event)) await hang(request, call);
      }
    });
    const answer = await ask(1_000);
    expect(sourcesOf(answer)).toEqual([GENERATION, COOCCURRENCE, COOCCURRENCE]);
    expect(answer.degradation?.reasons).toEqual(['GENERATION_TIMEOUT']);
  });

  it.each<[string, Behaviour, string]>([
    ['is full', failWith(status.RESOURCE_EXHAUSTED), 'GENERATION_OVERLOADED'],
    ['does not know the task', failWith(status.NOT_FOUND), 'GENERATION_REFUSED'],
    ['fails', failWith(status.INTERNAL), 'GENERATION_FAILED'],
    ['answers with junk', junk, 'GENERATION_FAILED'],
    ['ends without a list', streamNothing, 'GENERATION_INVALID'],
  ])('that %s gets replaced by co-occurrence', async (_, behaviour, reason) => {
    dependencies.generation.on('StreamGenerate', behaviour);
    expect(await ask()).toMatchObject({ degradation: { level: Level.COOCCURRENCE, reasons: [reason] } });
  });

  it('that breaks off leaves the queries that were complete', async () => {
    dependencies.generation.on('StreamGenerate', streamList({ pieces: 2, error: new Failure(status.UNAVAILABLE) }));
    const answer = await ask();
    expect(sourcesOf(answer)).toEqual([GENERATION, GENERATION, COOCCURRENCE]);
    expect(answer.degradation?.reasons).toEqual(['GENERATION_UNAVAILABLE']);
    expect(answer.modelVersions.map(({ kind }) => kind)).toContain('policy.suggestion');
  });

  it('that writes nonsense has what can be shown of it shown', async () => {
    const texts = [
      '',
      ' \n',
      'a\u0000b',
      'Solar Panels',
      'solar panel  cost',
      'SOLAR PANEL COST?',
      'x'.repeat(100_000),
      'solar roof',
      'a',
      'b',
    ];
    dependencies.generation.on('StreamGenerate', async function* () {
      yield {
        event: {
          case: 'response',
          value: { queries: texts.map((text) => ({ text, logPropensity: NaN })), auxiliaryTexts: { prefix: 'x' } },
        },
      };
    });
    dependencies.cooccurrence.on('Retrieve', () => ({}));
    const answer = await gateway.client.recommend({ ...ASK, count: 2 });
    expect(answer.recommendations.map(({ text }) => text)).toEqual(['solar panel cost', 'solar roof']);
    expect(answer.recommendations[0]?.logPropensity).toBeUndefined();
    expect(answer.auxiliaryTexts).toEqual({});
  });

  it('that is gone is not waited for, and is found again when it is back', async () => {
    await dependencies.generation.stop();
    const answer = await ask();
    expect(answer).toMatchObject({ degradation: { level: Level.COOCCURRENCE, reasons: ['GENERATION_UNAVAILABLE'] } });
    expect((await gateway.client.listTasks({})).tasks).toHaveLength(3);
    await dependencies.generation.start();
    await expect.poll(async () => (await ask()).degradation, { timeout: 5_000, interval: 100 }).toBeUndefined();
  });

  it('that hangs for everybody is soon not waited for by each', async () => {
    // Its circuit stays open for the whole test, however busy the machine is.
    const patient = await startGateway(dependencies, { ...LIMITS, GQR_GATEWAY_CIRCUIT_SECONDS: '600' });
    try {
      dependencies.generation.on('StreamGenerate', hang);
      const askAndLook = async (): Promise<string> => {
        // On a busy machine the answer may come too late.
        await ask(700, patient).catch(() => undefined);
        return (await get(patient.http, '/metrics')).text;
      };
      await expect.poll(askAndLook, { timeout: 30_000 }).toMatch(/gqr_gateway_circuit_open\{dependency="generation",service="gateway"\} 1/);
      const { timings, degradation } = await ask(10_000, patient);
      expect(timings.find(({ phase }) => phase === 'generation')?.durationMs).toBeLessThan(100);
      expect(degradation?.reasons).toEqual(['GENERATION_UNAVAILABLE']);
    } finally {
      await patient.remove();
    }
  });
});

describe('ctr', () => {
  const model = { kind: 'ctr', version: 'v' };
  /** Gives every candidate what `p` says. */
  const rating =
    (p: (index: number, candidates: number) => number[]) =>
    ({ requests }: BatchPredictNextRequest) => ({
      responses: requests.map(({ candidates }) => ({ clickProbabilities: candidates.flatMap((_, i) => p(i, candidates.length)), model })),
    });

  it.each<[string, Behaviour, string]>([
    ['hangs', hang, 'CTR_TIMEOUT'],
    ['is full', failWith(status.RESOURCE_EXHAUSTED), 'CTR_OVERLOADED'],
    ['answers with junk', junk, 'CTR_FAILED'],
    ['scores nothing', () => ({}), 'CTR_INVALID'],
    ['scores too few queries', rating(() => []), 'CTR_INVALID'],
    ['scores with no numbers', rating(() => [NaN]), 'CTR_INVALID'],
    ['scores with impossible probabilities', rating(() => [1.5]), 'CTR_INVALID'],
  ])('that %s leaves the list unscored', async (_, behaviour, reason) => {
    dependencies.cooccurrence.on('Retrieve', () => ({}));
    dependencies.ctr.on('BatchPredictNext', behaviour);
    const answer = await ask();
    expect(answer).toMatchObject({ degradation: { level: Level.UNSCORED, reasons: [reason] } });
    expect(answer.recommendations.map(({ clickProbability }) => clickProbability)).toEqual([undefined, undefined, undefined]);
    expect(answer.modelVersions.map(({ kind }) => kind)).not.toContain('ctr');
    expect(answer.impressionId).not.toBe('');
  });

  it.each<[string, Behaviour, string]>([
    ['hangs', hang, 'CTR_TIMEOUT'],
    ['rates nothing', () => ({}), 'CTR_INVALID'],
    ['rates too few', rating((index) => (index === 0 ? [0.5] : [])), 'CTR_INVALID'],
    ['rates with no numbers', rating((index) => [index === 1 ? NaN : 0.5]), 'CTR_INVALID'],
    ['rates what stands before with no numbers', rating((_, candidates) => [candidates === 1 ? NaN : 0.5]), 'CTR_INVALID'],
  ])('that %s when it is to choose what users really asked next leaves the choice to how often they did', async (_, behaviour, reason) => {
    dependencies.ctr.on('BatchPredictNext', behaviour);
    const answer = await ask();
    expect(answer).toMatchObject({ degradation: { level: Level.UNSCORED, reasons: [reason] } });
    expect(answer.recommendations.map(({ text }) => text)).toEqual(['solar panels 1', 'solar panels 2', 'solar panels price']);
  });
});

describe('cooccurrence', () => {
  it.each<[string, Behaviour, string]>([
    ['hangs', hang, 'COOCCURRENCE_TIMEOUT'],
    ['fails', failWith(status.INTERNAL), 'COOCCURRENCE_FAILED'],
    ['answers with junk', junk, 'COOCCURRENCE_FAILED'],
  ])('that %s is done without', async (_, behaviour, reason) => {
    dependencies.cooccurrence.on('Retrieve', behaviour);
    const answer = await ask();
    expect(sourcesOf(answer)).toEqual([GENERATION, GENERATION, GENERATION]);
    expect(answer.degradation).toMatchObject({ level: Level.UNSPECIFIED, reasons: [reason] });
  });

  it('that is gone with everybody else leaves the popular queries that were known', async () => {
    await dependencies.stop();
    const answer = await ask();
    expect(sourcesOf(answer)).toEqual([POPULAR, POPULAR]);
    expect(answer.degradation).toMatchObject({
      level: Level.POPULAR,
      reasons: ['COOCCURRENCE_UNAVAILABLE', 'GENERATION_UNAVAILABLE', 'CTR_UNAVAILABLE'],
    });
    await Promise.all([dependencies.generation.start(), dependencies.ctr.start(), dependencies.cooccurrence.start()]);
  });
});

describe('a stream', () => {
  it('whose language model breaks off ends with the whole answer, made from what there is', async () => {
    dependencies.generation.on('StreamGenerate', streamList({ pieces: 1, error: new Failure(status.UNAVAILABLE) }));
    const events = (await collect(gateway.client.streamRecommend({ request: ASK }))).map(({ event }) => event);
    expect(events.map((event) => event.case)).toEqual([...Array<string>(3).fill('recommendation'), 'response']);
    const last = events.at(-1);
    expect(last?.value).toMatchObject({ degradation: { level: Level.COOCCURRENCE, reasons: ['GENERATION_UNAVAILABLE'] } });
    expect(events.slice(0, -1).map((event) => event.case === 'recommendation' && event.value.text)).toEqual(
      last?.case === 'response' ? last.value.recommendations.map(({ text }) => text) : [],
    );
  });

  it('gives each query as soon as it is complete', async () => {
    const released = Promise.withResolvers<undefined>();
    dependencies.generation.on('StreamGenerate', async function* (request: never) {
      for await (const event of (streamList() as (request: never) => AsyncIterable<object>)(request)) {
        yield event;
        if (!tellsOrigin(event)) await released.promise;
      }
    });
    const stream = gateway.client.streamRecommend({ request: ASK })[Symbol.asyncIterator]();
    const first: unknown = (await stream.next()).value;
    expect(first).toMatchObject({ event: { case: 'recommendation', value: { text: 'solar panels 1', position: 1 } } });
    released.resolve(undefined);
    let last = await stream.next();
    for (let next = last; next.done !== true; next = await stream.next()) last = next;
    expect(last.value).toMatchObject({ event: { case: 'response' } });
  });

  it('whose reader leaves has the work for it stopped, and nothing logged', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const before = dependencies.generation.cancelled.length;
    const reader = new AbortController();
    const pieces = collect(gateway.client.streamRecommend({ request: { ...ASK, sessionId: 'left-stream' } }, { signal: reader.signal }));
    setTimeout(() => {
      reader.abort();
    }, 200);
    await expect(pieces).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => dependencies.generation.cancelled.length).toBeGreaterThan(before);
    const { userQueries } = await readEvents(gateway.eventLog);
    expect(userQueries.filter(({ sessionId }) => sessionId === 'left-stream')).toEqual([]);
  });
});

describe('a caller', () => {
  it('who leaves has the work for it stopped, and nothing logged', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const before = dependencies.generation.cancelled.length;
    const caller = new AbortController();
    const answer = gateway.client.recommend({ ...ASK, sessionId: 'left' }, { signal: caller.signal });
    setTimeout(() => {
      caller.abort();
    }, 200);
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => dependencies.generation.cancelled.length).toBeGreaterThan(before);
    const { userQueries } = await readEvents(gateway.eventLog);
    expect(userQueries.filter(({ sessionId }) => sessionId === 'left')).toEqual([]);
  });

  it('who hangs up over HTTP has the work for it stopped', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const before = dependencies.generation.cancelled.length;
    const answer = fetch(`http://${gateway.http}/v1/recommend`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ASK),
      signal: AbortSignal.timeout(200),
    });
    await expect(answer).rejects.toThrow();
    await expect.poll(() => dependencies.generation.cancelled.length).toBeGreaterThan(before);
  });

  it('who sets a deadline over HTTP gets a degraded answer before it', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const answer = await post(gateway.http, '/v1/recommend', ASK, { 'gqr-timeout-ms': '900' });
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { degradation: { level: 'LEVEL_COOCCURRENCE', reasons: ['GENERATION_TIMEOUT'] } },
    ]);
  });

  it('whose deadline has passed is told so', async () => {
    const late = gateway.client.recommend(ASK, { deadline: Date.now() - 1 });
    await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });

  it('too many is sent away at once, and told when to come back', async () => {
    dependencies.generation.on('StreamGenerate', hang);
    const inside = Array.from({ length: 8 }, () => ask(1_500));
    await expect.poll(() => dependencies.generation.requestsOf('StreamGenerate').length).toBeGreaterThanOrEqual(8);
    const outcomes = await Promise.allSettled([ask(5_000), post(gateway.http, '/v1/recommend', ASK)]);
    expect(outcomes[0]).toMatchObject({ reason: { code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED', retryAfterMs: 500 } });
    const http = outcomes[1].status === 'fulfilled' ? outcomes[1].value : undefined;
    expect([http?.status, http?.headers.get('retry-after'), http && problemOf(http).reason]).toEqual([429, '1', 'OVERLOADED']);
    await Promise.all(inside);
  });
});
