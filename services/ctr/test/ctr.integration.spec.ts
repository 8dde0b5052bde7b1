import { timestampDate } from '@bufbuild/protobuf/wkt';
import { grpcClient, type GrpcClient, type RpcError } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { multiReward, singleReward } from '../src/domain/reward/list-reward.js';
import { failure, metricOf, numbers, PATIENCE, TOLERANCE } from './calls.js';
import { type GoldenFixture, goldenOf, TinyRegistry, VARIANTS } from './tiny-model.js';

const main = new URL('../src/main.js', import.meta.url);

const models = new TinyRegistry();
let service: RunningService;
let client: GrpcClient<typeof CtrService>;
beforeAll(async () => {
  for (const variant of VARIANTS) await models.publish(`tiny-${variant}`, variant);
  await models.makeStable('tiny-ctx');
  service = await startService(main, { GQR_REGISTRY: models.folder });
  client = grpcClient(CtrService, service.grpc);
});
afterAll(async () => {
  client.close();
  await service.stop();
  models.remove();
});

/** What a request says of a golden row beside the queries to score. */
function askedIn({ taskId, query, answer, history, cooccurrence }: GoldenFixture) {
  return {
    taskId,
    context: { query, response: answer, history: history.map((earlier) => ({ query: earlier })) },
    cooccurrenceQueries: cooccurrence,
  };
}

describe.each(VARIANTS)('with a model of variant %s', (variant) => {
  const golden = goldenOf(variant).filter(({ query, candidate, chosen }) =>
    [query, candidate, ...chosen].every((text) => text.trim() !== ''),
  );
  beforeAll(async () => {
    await client.reloadModel({ version: `tiny-${variant}` });
  });

  it('says over the wire what the model said in Python: PredictNext', async () => {
    expect(golden.length).toBeGreaterThan(25);
    for (const row of golden) {
      const { chosen, candidate, probability } = row;
      const answer = await client.predictNext({ ...askedIn(row), chosenQueries: chosen, candidates: [candidate] });
      expect(Math.abs((answer.clickProbabilities[0] ?? NaN) - probability)).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('says the same in one batch of all steps: BatchPredictNext', async () => {
    const requests = golden.map((row) => ({
      ...askedIn(row),
      chosenQueries: row.chosen,
      candidates: [row.candidate, 'something else'],
    }));
    const { responses } = await client.batchPredictNext({ requests });
    expect(responses).toHaveLength(golden.length);
    responses.forEach(({ clickProbabilities, model }, index) => {
      expect(clickProbabilities).toHaveLength(2);
      expect(Math.abs((clickProbabilities[0] ?? NaN) - (golden[index]?.probability ?? NaN))).toBeLessThanOrEqual(TOLERANCE);
      expect(model).toMatchObject({ kind: 'ctr', version: `tiny-${variant}` });
    });
  });

  it('says the same of the last query of a list: PredictList and BatchPredictList', async () => {
    const requests = golden.map((row) => ({ ...askedIn(row), queries: [...row.chosen, row.candidate] }));
    const { responses } = await client.batchPredictList({ requests });
    expect(responses).toHaveLength(golden.length);
    for (const [index, request] of requests.entries()) {
      const alone = await client.predictList(request);
      for (const answer of [alone, responses[index]]) {
        expect(answer?.clickProbabilities).toHaveLength(request.queries.length);
        expect(Math.abs((answer?.clickProbabilities.at(-1) ?? NaN) - (golden[index]?.probability ?? NaN))).toBeLessThanOrEqual(TOLERANCE);
        expect(answer?.multiReward).toBeCloseTo(multiReward(answer?.clickProbabilities ?? []), 12);
        expect(answer?.singleReward).toBeCloseTo(singleReward(answer?.clickProbabilities ?? []), 12);
      }
    }
  });

  it('says which model serves: GetModel', async () => {
    const before = Date.now();
    const { model, loadedAt, ...said } = await client.getModel({});
    expect(model?.version).toBe(`tiny-${variant}`);
    expect(said).toMatchObject({ variant, executionProvider: 'cpu', precision: 'fp32' });
    expect(loadedAt && timestampDate(loadedAt).getTime()).toBeLessThanOrEqual(before);
  });
});

describe('the ctr service', () => {
  beforeAll(async () => {
    await client.reloadModel({});
  });

  const context = { query: 'how to repot a monstera' };
  const list = { taskId: 'suggestion', context, queries: ['best soil for monstera', 'monstera root rot'] };

  it('says how long each phase took', async () => {
    const { timings } = await client.predictList(list);
    expect(timings.map(({ phase }) => phase)).toEqual(['tokenize', 'queue', 'inference']);
    for (const { durationMs } of timings) expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  it('judges a query after those before it: the order of a list matters', async () => {
    const reversed = await client.predictList({ ...list, queries: list.queries.toReversed() });
    const { clickProbabilities } = await client.predictList(list);
    expect(reversed.clickProbabilities.toReversed()).not.toEqual(clickProbabilities);
  });

  it('takes a task that the model has never seen for an unknown one, as training does', async () => {
    const ofUnknown = await Promise.all(['made up', 'another'].map((taskId) => client.predictList({ ...list, taskId })));
    expect(ofUnknown[0]?.clickProbabilities).toEqual(ofUnknown[1]?.clickProbabilities);
    expect(ofUnknown[0]?.clickProbabilities).not.toEqual((await client.predictList(list)).clickProbabilities);
  });

  it('reads nothing of the context but the query, as Fig. 2 does', async () => {
    const history = Array.from({ length: 200 }, () => ({ query: 'earlier', response: 'answer' }));
    const rich = { ...context, response: 'Use a pot one size larger.', history, sideInformation: { city: 'Oslo' } };
    expect((await client.predictList({ ...list, context: rich })).clickProbabilities).toEqual(
      (await client.predictList(list)).clickProbabilities,
    );
  });

  it('reads answer, history and co-occurrence where the model is of variant src', async () => {
    await client.reloadModel({ version: 'tiny-src' });
    const plain = (await client.predictList(list)).clickProbabilities;
    const answer = { ...context, response: 'Use a pot one size larger. '.repeat(700) };
    const history = { ...context, history: [{ query: 'earlier', response: 'answer' }] };
    for (const request of [
      { ...list, context: answer },
      { ...list, context: history },
      { ...list, cooccurrenceQueries: ['best soil for monstera'] },
    ]) {
      expect((await client.predictList(request)).clickProbabilities).not.toEqual(plain);
    }
    const step = { taskId: 'hint', context: answer, chosenQueries: [], candidates: ['best soil'], cooccurrenceQueries: ['fern'] };
    const asList = { taskId: 'hint', context: answer, queries: ['best soil'], cooccurrenceQueries: ['fern'] };
    const [ofStep, ofList] = [await client.predictNext(step), await client.predictList(asList)];
    expect(ofStep.clickProbabilities[0]).toBeCloseTo(ofList.clickProbabilities[0] ?? NaN, 6);
    await client.reloadModel({});
  });

  it('says how unsure it is of each probability', async () => {
    const { clickProbabilities, uncertainties } = await client.predictList(list);
    expect(uncertainties).toHaveLength(clickProbabilities.length);
    for (const value of uncertainties) expect(value > 0 && value < 0.5).toBe(true);
  });

  it('takes lists of 100, 1,000 candidates and 2,000 characters outside the basic plane', async () => {
    const hundred = await client.predictList({ ...list, queries: numbers(100) });
    expect(hundred.clickProbabilities).toHaveLength(100);
    const thousand = await client.predictNext({ taskId: 'hint', context, chosenQueries: numbers(99), candidates: numbers(1_000) });
    expect(thousand.clickProbabilities).toHaveLength(1_000);
    for (const p of [...hundred.clickProbabilities, ...thousand.clickProbabilities]) expect(p > 0 && p < 1).toBe(true);
    const long = '🍅'.repeat(2_000);
    expect((await client.predictList({ ...list, context: { query: long }, queries: [long] })).clickProbabilities).toHaveLength(1);
  });

  it('answers odd texts with numbers: control characters, forged structure, lone marks, other scripts', async () => {
    const odd = ['\u0000\u0007', '[SEP] [CLS] [PAD]', '\u200b\ufeff', '\u0301', '東京🍅', '\u202e\u202c', '!!!', 'constructor __proto__'];
    const { clickProbabilities } = await client.predictList({ ...list, context: { query: '\u200b' }, queries: odd });
    expect(clickProbabilities).toHaveLength(odd.length);
    for (const p of clickProbabilities) expect(p > 0 && p < 1).toBe(true);
  });

  const step = { taskId: 'suggestion', context, candidates: ['a'] };
  const tooLong = '🍅'.repeat(2_001);
  it.each([
    ['an empty list', () => client.predictList({ ...list, queries: [] }), { queries: /has 0 entries; it takes 1 to 100/ }],
    ['101 queries', () => client.predictList({ ...list, queries: numbers(101) }), { queries: /has 101 entries; it takes 1 to 100/ }],
    ['an empty query in a list', () => client.predictList({ ...list, queries: ['a', ' \n'] }), { 'queries[1]': /empty/ }],
    ['no user query', () => client.predictList({ ...list, context: {} }), { 'context.query': /empty/ }],
    ['no context', () => client.predictList({ taskId: 'hint', queries: ['a'] }), { 'context.query': /empty/ }],
    ['a blank user query', () => client.predictNext({ ...step, context: { query: '\t\u00a0' } }), { 'context.query': /empty/ }],
    ['no task', () => client.predictList({ ...list, taskId: '' }), { task_id: /1 to 128/ }],
    ['a task of 129 characters', () => client.predictNext({ ...step, taskId: 'x'.repeat(129) }), { task_id: /1 to 128/ }],
    ['2,001 characters', () => client.predictList({ ...list, queries: [tooLong] }), { 'queries[0]': /more than 2,000 characters/ }],
    [
      'a text of 100 kB',
      () => client.predictList({ ...list, context: { query: 'x'.repeat(100_000) } }),
      { 'context.query': /more than 2,000/ },
    ],
    [
      'a candidate and a chosen query of 100 kB',
      () => client.predictNext({ ...step, chosenQueries: ['y'.repeat(100_000)], candidates: ['x'.repeat(100_000)] }),
      { 'chosen_queries[0]': /more than 2,000/, 'candidates[0]': /more than 2,000/ },
    ],
    ['no candidates', () => client.predictNext({ ...step, candidates: [] }), { candidates: /has 0 entries; it takes 1 to 1000/ }],
    ['1,001 candidates', () => client.predictNext({ ...step, candidates: numbers(1_001) }), { candidates: /has 1001 entries/ }],
    [
      '100 chosen queries',
      () => client.predictNext({ ...step, chosenQueries: numbers(100) }),
      { chosen_queries: /has 100 entries; it takes at most 99/ },
    ],
    ['an empty chosen query', () => client.predictNext({ ...step, chosenQueries: ['a', ''] }), { 'chosen_queries[1]': /empty/ }],
    ['a batch of no lists', () => client.batchPredictList({ requests: [] }), { requests: /has 0 entries/ }],
    [
      '1,001 lists',
      () => client.batchPredictList({ requests: Array.from({ length: 1_001 }, () => list) }),
      { requests: /has 1001 entries .* 1 to 1,000/ },
    ],
    [
      'lists of 10,001 queries in all',
      () =>
        client.batchPredictList({
          requests: [...Array.from({ length: 100 }, () => ({ ...list, queries: numbers(100) })), { ...list, queries: ['a'] }],
        }),
      { requests: /101 entries with 10001 texts to score; .* at most 10,000/ },
    ],
    [
      'steps of 10,001 candidates in all',
      () => client.batchPredictNext({ requests: [...Array.from({ length: 10 }, () => ({ ...step, candidates: numbers(1_000) })), step] }),
      { requests: /10001 texts/ },
    ],
    [
      'a fault deep in a batch',
      () => client.batchPredictNext({ requests: [step, { ...step, candidates: ['a', 'b', ''] }] }),
      { 'requests[1].candidates[2]': /empty/ },
    ],
    [
      'a version that is no name',
      () => client.reloadModel({ version: '../../etc/passwd' }),
      { version: /must be a version of the registry/ },
    ],
    ['a version of 100 kB', () => client.reloadModel({ version: 'v'.repeat(100_000) }), { version: /1 to 80/ }],
  ])('refuses %s with INVALID_ARGUMENT and names the field', async (_, call, expected) => {
    const error = await failure(call());
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(error.violations.map(({ field }) => field)).toEqual(Object.keys(expected));
    expect(error.violations[0]?.description).toMatch(Object.values(expected)[0] ?? /never/);
  });

  it('names every fault at once, as many as fit into a header', async () => {
    const both = await failure(client.predictNext({ taskId: '', context: { query: '' }, chosenQueries: [''], candidates: [''] }));
    expect(both.violations.map(({ field }) => field)).toEqual(['task_id', 'context.query', 'chosen_queries[0]', 'candidates[0]']);
    const many = await failure(client.predictList({ ...list, queries: Array.from({ length: 100 }, () => ' ') }));
    expect(many.violations).toHaveLength(21);
    expect(many.violations.at(-1)).toEqual({ field: '...', description: '80 more violations' });
  });

  it('refuses a message that is larger than any batch should be', async () => {
    const error = await failure(client.predictList({ ...list, queries: ['x'.repeat(33 * 2 ** 20)] }));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  const bulk = { requests: Array.from({ length: 100 }, () => ({ ...list, queries: numbers(100) })) };
  const waiting = (): Promise<number> => metricOf(service, 'gqr_ctr_queue_inputs');
  const dropped = (): Promise<number> => metricOf(service, 'gqr_ctr_abandoned_inputs_total');

  /** Cancels the bulk requests of a test. */
  let bulkCaller: AbortController;
  beforeEach(() => {
    bulkCaller = new AbortController();
  });
  afterEach(async () => {
    bulkCaller.abort();
    await expect.poll(waiting, PATIENCE).toBe(0);
  });
  /** Sends 10,000 queries, and resolves with the reason why they got no answer, if they got none. */
  const sendBulk = (deadline = Infinity): Promise<unknown> =>
    client.batchPredictList(bulk, { signal: bulkCaller.signal, deadline }).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('drops what waits when its caller cancels', async () => {
    const before = await dropped();
    const cancelled = sendBulk();
    await expect.poll(waiting, PATIENCE).toBeGreaterThan(0);
    bulkCaller.abort();
    expect(await cancelled).toMatchObject({ code: status.CANCELLED });
    await expect.poll(dropped, PATIENCE).toBeGreaterThan(before);
    expect(await waiting()).toBe(0);
    expect((await client.predictList(list)).clickProbabilities).toHaveLength(2);
  });

  it('refuses a deadline that has passed, and drops what waits when one passes', async () => {
    expect(await failure(client.predictList(list, { deadline: Date.now() - 1 }))).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    const before = await dropped();
    // A deadline may pass before its inputs wait, on a slow machine; they wait for far longer than this one grows by.
    let untilDeadline = 200;
    const miss = async (): Promise<number> => {
      expect(await sendBulk(Date.now() + untilDeadline)).toMatchObject({ code: status.DEADLINE_EXCEEDED });
      untilDeadline += 100;
      return dropped();
    };
    await expect.poll(miss, PATIENCE).toBeGreaterThan(before);
  });

  it('refuses at once with RESOURCE_EXHAUSTED when its queue is full, says when to come back, and then takes calls again', async () => {
    // Two of them fill it. A fast machine is done with them before anyone looks, so that more come until the test is over.
    const fill = Array.from({ length: 4 }, async () => {
      while (!bulkCaller.signal.aborted) await sendBulk();
    });
    let answer: unknown;
    const ask = async (): Promise<unknown> => (answer = await client.predictList(list).catch((error: unknown) => error));
    await expect.poll(ask, { ...PATIENCE, interval: 10 }).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED' });
    const { retryAfterMs } = answer as RpcError;
    expect(retryAfterMs).toBeGreaterThanOrEqual(10);
    expect(retryAfterMs).toBeLessThanOrEqual(10_000);
    bulkCaller.abort();
    await Promise.all(fill);
    await expect.poll(ask, PATIENCE).toMatchObject({ clickProbabilities: [expect.any(Number), expect.any(Number)] });
  });

  it('serves a list while a bulk request waits', async () => {
    const cancelled = sendBulk();
    await expect.poll(waiting, PATIENCE).toBeGreaterThan(0);
    expect((await client.predictList(list)).clickProbabilities).toHaveLength(2);
    expect(await waiting()).toBeGreaterThan(0);
    bulkCaller.abort();
    expect(await cancelled).toMatchObject({ code: status.CANCELLED });
  });

  it('gives many callers at a time what each would get alone', async () => {
    const lists = Array.from({ length: 60 }, (_, n) => ({ ...list, queries: numbers(1 + (n % 8), `thing ${String(n)}`) }));
    const together = await Promise.all(lists.map((each) => client.predictList(each)));
    for (const [n, each] of lists.entries()) {
      const alone = await client.predictList(each);
      together[n]?.clickProbabilities.forEach((p, k) => {
        expect(Math.abs(p - (alone.clickProbabilities[k] ?? NaN))).toBeLessThanOrEqual(TOLERANCE);
      });
      expect(together[n]?.clickProbabilities).toHaveLength(each.queries.length);
    }
  });

  it('leaves one event a call in its log, with model, inputs and phases, and without a word of the texts', async () => {
    await client.predictList({ taskId: 'suggestion', context: { query: 'a very private query' }, queries: ['a private answer', 'x', 'y'] });
    const event = (): Record<string, unknown> | undefined =>
      service
        .output()
        .split('\n')
        .filter((line) => line.includes('"inputs":3'))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .at(-1);
    await expect.poll(event).toMatchObject({ op: 'gqr.ctr.v1.CtrService/PredictList', outcome: 'OK', model: 'tiny-ctx', inputs: 3 });
    for (const phase of ['tokenize_ms', 'queue_ms', 'inference_ms']) expect(event()?.[phase]).toBeTypeOf('number');
    expect(service.output()).not.toContain('private');
  });

  it('measures its batches and says in a metric which model serves', async () => {
    expect(await metricOf(service, 'gqr_ctr_batch_inputs_count')).toBeGreaterThan(0);
    expect(await metricOf(service, 'gqr_ctr_inference_seconds_count')).toBeGreaterThan(0);
    const text = await (await fetch(`http://${service.http}/metrics`)).text();
    const [model, ...others] = text.split('\n').filter((line) => line.startsWith('gqr_ctr_model_info{'));
    expect(others).toEqual([]);
    for (const label of ['version="tiny-ctx"', 'variant="ctx"', 'provider="cpu"']) expect(model).toContain(label);
  });
});
