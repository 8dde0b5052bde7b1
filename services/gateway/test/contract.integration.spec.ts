import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { Source, Traffic } from '@gqr/protos/gqr/events/v1/events';
import {
  ListTasksResponseSchema,
  type RecommendResponse,
  RecommendResponseSchema,
  type StreamRecommendResponse,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import { type FakeDependencies, startFakeDependencies } from './support/fake-dependencies.js';
import { readEvents, type RunningGateway, startGateway } from './support/gateway.js';
import { get, post } from './support/http.js';

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

/** What two answers to the same question share: all but ids and times. */
function comparable(answer: RecommendResponse): unknown {
  return { ...answer, impressionId: answer.impressionId.length, timings: answer.timings.map(({ phase }) => phase) };
}

const comparableEvent = ({ event }: StreamRecommendResponse): unknown => [
  event.case,
  event.case === 'response' ? comparable(event.value) : event.value,
];

describe('a recommendation', () => {
  it('has scored queries, the texts around them, and the models that made it', async () => {
    const answer = await gateway.client.recommend({ taskId: 'clarification', query: 'a poem please', count: 2 });
    expect(answer).toMatchObject({
      recommendations: [
        {
          text: 'about the sea',
          position: 1,
          source: Source.GENERATION,
          query: 'Write a poem about the sea in 8 lines',
          clickProbability: 0.5,
        },
        {
          text: 'that rhymes',
          position: 2,
          source: Source.GENERATION,
          query: 'Write a poem that rhymes in 8 lines',
          clickProbability: 0.25,
        },
      ],
      auxiliaryTexts: { guiding_sentence: 'What kind of poem?', prefix: 'Write a poem', suffix: 'in 8 lines' },
      modelVersions: [
        { kind: 'policy.clarification', version: 'starter-1' },
        { kind: 'ctr', version: 'starter-1' },
        { kind: 'cooccurrence', version: 'starter-1' },
      ],
      experimentArms: [],
    });
    expect(answer.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.degradation).toBeUndefined();
  });

  it.each([
    ['suggestion', 3],
    ['clarification', 4],
    ['hint', 1],
  ])('of %s has the task’s own number of queries', async (taskId, count) => {
    expect((await gateway.client.recommend({ taskId, query: 'solar panels' })).recommendations).toHaveLength(count);
  });

  it('is in the log before it is answered, with all that is needed to learn from it', async () => {
    const answer = await gateway.client.recommend({
      ...ASK,
      sessionId: 'logged',
      userId: 'u',
      response: 'Light into power.',
      explain: true,
    });
    const { userQueries, impressions, keys } = await readEvents(gateway.eventLog);
    expect(userQueries.filter(({ sessionId }) => sessionId === 'logged')).toMatchObject([
      { query: 'solar panels', userId: 'u', origin: 1, traffic: 1 },
    ]);
    expect(impressions.filter(({ sessionId }) => sessionId === 'logged')).toMatchObject([
      {
        impressionId: answer.impressionId,
        taskId: 'suggestion',
        context: { query: 'solar panels', response: 'Light into power.' },
        cooccurrenceQueries: ['solar panels price', 'solar panels for renters', 'solar panels tax credit'],
        queries: [
          { text: 'solar panels 1', position: 1, source: Source.GENERATION, clickProbability: 0.5, logPropensity: -1 },
          { text: 'solar panels 2', position: 2, source: Source.GENERATION, clickProbability: 0.25, logPropensity: -2 },
          { text: 'solar panels tax credit', position: 3, source: Source.COOCCURRENCE, clickProbability: 0.875 },
        ],
        modelVersions: answer.modelVersions,
        promptVersion: 'prompt-suggestion',
        decoding: { temperature: 0.7, topP: 0.95, minP: 0.05, seed: 7n, poolSize: 4, repetitionPenalty: 1.1, diversity: 0.5 },
        degradedReason: '',
        traffic: 1,
      },
    ]);
    expect(keys.get('gqr.impressions.v1')).toContain('logged');
  });

  it('has a query that users really asked next, the one that the click model likes best, though the language model ignored it', async () => {
    const { recommendations, degradation } = await gateway.client.recommend(ASK);
    expect(recommendations.at(-1)).toMatchObject({ text: 'solar panels tax credit', position: 3, source: Source.COOCCURRENCE });
    expect(recommendations.at(-1)?.logPropensity).toBeUndefined();
    expect(degradation).toBeUndefined();
  });

  it('asks the click model about each place once, while the language model writes the next', async () => {
    const before = dependencies.ctr.requestsOf('BatchPredictNext').length;
    await gateway.client.recommend(ASK);
    const about = { taskId: 'suggestion', context: { query: 'solar panels' } };
    const step = (chosenQueries: string[], candidates: string[]) => ({ ...about, requests: [{ chosenQueries, candidates }] });
    const real = ['solar panels price', 'solar panels for renters', 'solar panels tax credit'];
    expect(dependencies.ctr.requestsOf('BatchPredictNext').slice(before)).toMatchObject([
      step([], ['solar panels 1']),
      step(['solar panels 1'], ['solar panels 2']),
      step(['solar panels 1', 'solar panels 2'], real),
    ]);
  });

  it('tells the click model what the user saw and what others asked, for the variant that reads it', async () => {
    await gateway.client.recommend({ ...ASK, response: 'They last for decades.', history: [{ query: 'q0', response: 'r0' }] });
    expect(dependencies.ctr.requestsOf('BatchPredictNext').at(-1)).toMatchObject({
      context: { query: 'solar panels', response: 'They last for decades.', history: [{ query: 'q0', response: '' }] },
      cooccurrenceQueries: ['solar panels price', 'solar panels for renters', 'solar panels tax credit'],
    });
  });

  it('carries deadline, context and pool to generation', async () => {
    await gateway.client.recommend(
      { ...ASK, query: 'carried on', history: [{ query: 'q0', response: 'r0' }], traffic: Traffic.SIMULATED },
      { deadline: Date.now() + 3_000 },
    );
    expect(dependencies.generation.requestsOf('StreamGenerate').at(-1)).toMatchObject({
      request: {
        taskId: 'suggestion',
        context: { query: 'carried on', history: [{ query: 'q0', response: 'r0' }] },
        cooccurrenceQueries: ['carried on price', 'carried on for renters', 'carried on tax credit'],
        count: 3,
        pool: { size: 4, key: 2 },
        includePrompt: false,
      },
    });
  });
});

describe('the HTTP twin', () => {
  it('gives the same answer as gRPC', async () => {
    const request = {
      ...ASK,
      explain: true,
      count: 2,
      sideInformation: { locale: 'en' },
      history: [{ query: 'watt', response: 'A unit.' }],
    };
    const http = await post(gateway.http, '/v1/recommend', request);
    const fromHttp = fromJson(RecommendResponseSchema, http.json as JsonValue);
    expect(comparable(fromHttp)).toEqual(comparable(await gateway.client.recommend(request)));
  });

  it('streams the same messages as gRPC, one JSON object a line', async () => {
    const request = { taskId: 'clarification', query: 'a poem please', sessionId: 's' };
    const http = await post(gateway.http, '/v1/recommend:stream', request);
    expect(http.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = http.text.trimEnd().split('\n');
    const fromHttp = lines.map((line) => fromJson(StreamRecommendResponseSchema, JSON.parse(line) as JsonValue));
    const fromGrpc = await collect(gateway.client.streamRecommend({ request }));
    expect(fromHttp.map(comparableEvent)).toEqual(fromGrpc.map(comparableEvent));
    expect(fromGrpc.map(({ event }) => event.case)).toEqual([
      ...Array<string>(3).fill('auxiliaryTexts'),
      ...Array<string>(4).fill('recommendation'),
      'response',
    ]);
  });

  it('lists the same tasks as gRPC, in order of id, with the default deadline', async () => {
    const fromGrpc = await gateway.client.listTasks({});
    expect(fromGrpc.tasks.map(({ taskId }) => taskId)).toEqual(['clarification', 'hint', 'suggestion']);
    expect(fromGrpc.defaultDeadline?.seconds).toBe(10n);
    expect(fromJson(ListTasksResponseSchema, (await get(gateway.http, '/v1/tasks')).json as JsonValue)).toEqual(fromGrpc);
  });

  it('writes every field, the empty ones too', async () => {
    const answer = (await post(gateway.http, '/v1/feedback', await oneClick())).json;
    expect(answer).toEqual({ recorded: 1, duplicates: 0 });
  });
});

async function oneClick() {
  const { impressionId } = await gateway.client.recommend(ASK);
  return { impressionId, sessionId: 'session-1', clicks: [{ position: 1 }] };
}

describe('feedback', () => {
  it('is recorded once, whichever way it comes', async () => {
    const feedback = await oneClick();
    expect(await gateway.client.recordFeedback(feedback)).toMatchObject({ recorded: 1, duplicates: 0 });
    expect(await gateway.client.recordFeedback(feedback)).toMatchObject({ recorded: 0, duplicates: 1 });
    expect((await post(gateway.http, '/v1/feedback', feedback)).json).toEqual({ recorded: 0, duplicates: 1 });
    const { clicks } = await readEvents(gateway.eventLog);
    expect(clicks.filter(({ impressionId }) => impressionId === feedback.impressionId)).toMatchObject([
      { eventId: `${feedback.impressionId}#1`, sessionId: 'session-1', position: 1, traffic: 1 },
    ]);
  });

  it('finds the position by the text that was clicked', async () => {
    const { impressionId } = await gateway.client.recommend(ASK);
    await gateway.client.recordFeedback({ impressionId, clicks: [{ text: 'solar panels tax credit' }] });
    const { clicks } = await readEvents(gateway.eventLog);
    expect(clicks.find((click) => click.impressionId === impressionId)?.position).toBe(3);
  });
});

describe('what the gateway tells of itself', () => {
  it('has no text of users in its logs', async () => {
    const secret = 'my very private illness';
    const answer = await gateway.client.recommend({ ...ASK, query: secret, response: secret, userId: 'private-user', explain: true });
    await post(gateway.http, '/v1/recommend', { ...ASK, query: secret, userId: 'private-user' });
    await gateway.client.recommend({ ...ASK, query: `${secret}\u0000` }).catch(() => undefined);
    await expect.poll(() => gateway.output()).toContain(answer.impressionId);
    expect(gateway.output()).not.toMatch(/private/);
  });

  it('counts impressions, clicks, phases and its own time', async () => {
    await gateway.client.recordFeedback(await oneClick());
    const { text } = await get(gateway.http, '/metrics');
    expect(text).toMatch(/gqr_gateway_impressions_total\{task="suggestion",traffic="live",service="gateway"\} [1-9]/);
    expect(text).toMatch(/gqr_gateway_clicks_total\{traffic="live",outcome="recorded",service="gateway"\} [1-9]/);
    expect(text).toMatch(/gqr_gateway_queries_total\{task="suggestion",source="cooccurrence",service="gateway"\} [1-9]/);
    expect(text).toMatch(/gqr_gateway_phase_seconds_count\{service="gateway",phase="generation"\} [1-9]/);
    expect(text).toMatch(/gqr_gateway_own_seconds_count\{service="gateway"\} [1-9]/);
    expect(text).toMatch(/gqr_http_duration_seconds_count\{service="gateway",op="POST \/v1\/recommend",status="200"\} [1-9]/);
  });

  it('describes its HTTP twin, and is found under every path that it describes', async () => {
    const { paths } = (await get(gateway.http, '/openapi.json')).json as { paths: Record<string, { post?: object }> };
    const statuses = await Promise.all(
      Object.entries(paths).map(async ([path, verbs]) =>
        verbs.post ? (await post(gateway.http, path, '{}')).status : (await get(gateway.http, path)).status,
      ),
    );
    expect(statuses).toEqual([400, 400, 400, 200]);
  });
});
