import { setImmediate } from 'node:timers/promises';
import { CallEndedError, OverloadedError } from '@gqr/chassis/errors';
import { type CallLimits, unlimited } from '@gqr/chassis/grpc/call';
import { describe, expect, it } from 'vitest';
import { FakeInferenceEngine } from '../../../test/fake-inference-engine.js';
import { FakeTokenizer } from '../../../test/fake-tokenizer.js';
import { loadedModel, noSources, sampleSpec } from '../../../test/sample-model.js';
import { NoModelError, ServingModel } from '../model/serving-model.js';
import { InferenceError } from './inference-engine.js';
import { Score, type Scored, type ScoredList } from './score.js';

/** Takes a millisecond a text. */
class SlowTokenizer extends FakeTokenizer {
  override encode(text: string): readonly number[] {
    for (const end = performance.now() + 1; performance.now() < end;);
    return super.encode(text);
  }
}

const noShadow = { follow: () => undefined };

interface Options {
  predict?: () => number;
  variant?: 'base' | 'pid' | 'ctx';
  isSure?: boolean;
  maxQueuedInputs?: number;
  tokenizer?: FakeTokenizer;
}

function scoreWith(options: Options = {}) {
  const engine = new FakeInferenceEngine(1, options.predict, options.isSure);
  const { tokenizer = new FakeTokenizer() } = options;
  const spec = { ...sampleSpec, variant: options.variant ?? ('ctx' as const) };
  const { maxQueuedInputs = 100 } = options;
  const serving = new ServingModel();
  serving.replace(loadedModel('v1', { engine, tokenizer, spec, maxQueuedInputs }));
  const built = (): number[][] => engine.batches.flatMap((batch) => batch.map(({ inputIds }) => [...inputIds]));
  return { score: new Score(serving, noShadow), engine, tokenizer, serving, built };
}

const list = { taskId: 'suggestion', query: '10', sources: noSources, queries: ['200', '300', '400'] };
const step = { taskId: 'suggestion', query: '10', sources: noSources, chosen: ['200', '300'], candidates: ['100', '500', '250'] };

describe('a list', () => {
  it('has each query judged after those before it, in one batch', async () => {
    const { score, engine, built } = scoreWith();
    await score.lists([list], unlimited);
    expect(engine.batches).toHaveLength(1);
    expect(built()).toEqual([
      [1, 10, 2, 200],
      [1, 10, 200, 2, 300],
      [1, 10, 200, 300, 2, 400],
    ]);
  });

  it('gets the click probability of every query, in order, and both rewards', async () => {
    const { score } = scoreWith();
    const { results, model, times } = await score.lists([list], unlimited);
    const [scored] = results;
    expect(results).toHaveLength(1);
    scored?.clickProbabilities.forEach((p, k) => {
      expect(p).toBeCloseTo([0.2, 0.3, 0.4][k] ?? NaN, 7);
    });
    // By hand: Eq. 3 is 1 - 0.8 * 0.7 * 0.6, Eq. 4 is 0.2 + 0.3 + 0.4.
    expect(scored?.multiReward).toBeCloseTo(0.664, 6);
    expect(scored?.singleReward).toBeCloseTo(0.9, 6);
    expect(model.version).toBe('v1');
    for (const ms of [times.tokenize, times.queue, times.inference]) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('has a longest query first in its batch judged as that query all the same', async () => {
    const { score } = scoreWith();
    const { results } = await score.lists([{ ...list, queries: ['5 5 5 5 5 200', '300'] }], unlimited);
    expect(results[0]?.clickProbabilities.map((p) => Math.round(p * 1_000))).toEqual([200, 300]);
  });
});

describe('several lists', () => {
  it('go into the queue at once and come back each with its own', async () => {
    const { score, engine } = scoreWith();
    const lists = [list, { ...list, queries: ['700'] }, { ...list, taskId: 'hint', queries: ['600', '800'] }];
    const { results } = await score.lists(lists, unlimited);
    expect(engine.batches).toHaveLength(1);
    expect(results.map(({ clickProbabilities }) => clickProbabilities.map((p) => Math.round(p * 1_000)))).toEqual([
      [200, 300, 400],
      [700],
      [600, 800],
    ]);
    expect(engine.batches[0]?.map(({ taskId }) => taskId).toSorted()).toEqual([1, 1, 1, 1, 2, 2]);
  });

  it('have each text tokenized once, wherever it stands', async () => {
    const { score, tokenizer } = scoreWith();
    await score.lists([list, { ...list, queries: ['400', '300', '10'] }], unlimited);
    expect(tokenizer.encoded.toSorted()).toEqual(['10', '200', '300', '400']);
  });
});

describe('candidates for the next query', () => {
  it('are judged after the same prefix, in one batch', async () => {
    const { score, engine, built } = scoreWith();
    const { results } = await score.next([step], unlimited);
    expect(engine.batches).toHaveLength(1);
    expect(built()).toEqual([
      [1, 10, 200, 300, 2, 100],
      [1, 10, 200, 300, 2, 500],
      [1, 10, 200, 300, 2, 250],
    ]);
    expect(results.map(({ clickProbabilities }) => clickProbabilities.map((p) => Math.round(p * 1_000)))).toEqual([[100, 500, 250]]);
  });

  it.each(['base', 'pid', 'ctx'] as const)('get what a list says of the same query at the same position (%s)', async (variant) => {
    const { score, built } = scoreWith({ variant });
    await score.next([{ ...step, candidates: ['400'] }], unlimited);
    await score.lists([list], unlimited);
    const [candidate, ...ofList] = built();
    expect(ofList[2]).toEqual(candidate);
  });

  it('have prefix and candidates tokenized once for all steps of a beam', async () => {
    const { score, tokenizer } = scoreWith();
    const { results } = await score.next([step, { ...step, chosen: ['200'], candidates: ['100', '600'] }], unlimited);
    expect(results.map(({ clickProbabilities }) => clickProbabilities.length)).toEqual([3, 2]);
    expect(tokenizer.encoded.toSorted()).toEqual(['10', '100', '200', '250', '300', '500', '600']);
  });
});

describe('an uncertainty', () => {
  it('stands beside each probability, in each group', async () => {
    const { score } = scoreWith({ isSure: false });
    const { results } = await score.next([step, { ...step, candidates: ['600'] }], unlimited);
    const rounded = results.map(({ uncertainties }) => uncertainties.map((value) => Math.round(value * 10_000)));
    expect(rounded).toEqual([[100, 500, 250], [600]]);
    expect((await score.lists([list], unlimited)).results[0]?.uncertainties).toHaveLength(3);
  });

  it('is left out where the network says none', async () => {
    expect((await scoreWith().score.lists([list], unlimited)).results[0]?.uncertainties).toEqual([]);
  });
});

describe('a click probability', () => {
  it('lies within (0, 1) even where the network rounds to a bound, and so do the rewards', async () => {
    const certain = await scoreWith({ predict: () => 1 }).score.lists([list], unlimited);
    expect(certain.results[0]?.clickProbabilities).toEqual([1 - 1e-7, 1 - 1e-7, 1 - 1e-7]);
    const impossible = await scoreWith({ predict: () => 0 }).score.next([step], unlimited);
    expect(impossible.results[0]?.clickProbabilities).toEqual([1e-7, 1e-7, 1e-7]);
  });
});

describe('a call', () => {
  it('fails where no model serves, and says why', async () => {
    const serving = new ServingModel();
    serving.explainAbsence('there is none in the registry');
    await expect(new Score(serving, noShadow).lists([list], unlimited)).rejects.toThrow(NoModelError);
    await expect(new Score(serving, noShadow).next([step], unlimited)).rejects.toThrow('there is none in the registry');
  });

  it('that is refused has cost no tokenizing', async () => {
    const { score, engine, tokenizer } = scoreWith({ maxQueuedInputs: 2 });
    engine.hold();
    const running = score.lists([{ ...list, queries: ['1', '2'] }], unlimited);
    const waiting = [score.lists([list], unlimited), score.lists([list], unlimited)];
    await setImmediate();
    const before = tokenizer.encoded.length;
    await expect(score.lists([{ ...list, queries: ['777'] }], unlimited)).rejects.toThrow(OverloadedError);
    expect(tokenizer.encoded).toHaveLength(before);
    for (let i = 0; i < 2; i++) {
      engine.end();
      await setImmediate();
    }
    await Promise.all([running, ...waiting]);
  });

  it('that ends while its texts are tokenized stops there', async () => {
    const { score, engine, tokenizer } = scoreWith({ tokenizer: new SlowTokenizer() });
    const caller = new AbortController();
    const limits: CallLimits = { signal: caller.signal, deadline: Infinity };
    const queries = Array.from({ length: 100 }, (_, n) => String(n));
    const asked = score.next([{ ...step, candidates: queries }], limits);
    caller.abort(new CallEndedError('cancelled'));
    await expect(asked).rejects.toMatchObject({ why: 'cancelled' });
    expect(tokenizer.encoded.length).toBeLessThan(queries.length);
    expect(engine.batches).toEqual([]);
  });

  it('finishes on the model with which it began', async () => {
    const { score, engine, serving } = scoreWith();
    engine.hold();
    const underWay = score.lists([list], unlimited);
    await setImmediate();
    serving.replace(loadedModel('v2', { engine: new FakeInferenceEngine(1, () => 0.5) }));
    const after = await score.lists([list], unlimited);
    expect([after.model.version, after.results[0]?.clickProbabilities]).toEqual(['v2', [0.5, 0.5, 0.5]]);
    engine.end();
    const { model, results } = await underWay;
    expect([model.version, results[0]?.clickProbabilities.map((p) => Math.round(p * 1_000))]).toEqual(['v1', [200, 300, 400]]);
  });
});

describe('a stream of lists', () => {
  const lists = Array.from({ length: 100 }, (_, n) => ({
    taskId: 'suggestion',
    query: '10',
    sources: noSources,
    queries: [String(n), String(n + 1)],
  }));
  const collect = async (stream: AsyncIterable<Scored<ScoredList>>): Promise<Scored<ScoredList>[]> => {
    const all: Scored<ScoredList>[] = [];
    for await (const scored of stream) all.push(scored);
    return all;
  };

  it('is scored in pieces, list by list in its order', async () => {
    const { score, engine } = scoreWith();
    const scored = await collect(score.stream(lists, unlimited));
    const first = scored.flatMap(({ results }) =>
      results.map(({ clickProbabilities }) => Math.round((clickProbabilities[0] ?? NaN) * 1_000)),
    );
    expect(first).toEqual([0, ...Array.from({ length: 99 }, (_, n) => n + 1)]);
    expect(scored.map(({ results }) => results.length)).toEqual([32, 32, 32, 4]);
    expect(Math.max(...engine.batches.map((batch) => batch.length))).toBeLessThanOrEqual(100);
  });

  it('has a few pieces in the queue at a time, and no more until they are taken', async () => {
    const { score, engine } = scoreWith({ maxQueuedInputs: 1_000 });
    engine.hold();
    const stream = score.stream(lists, unlimited);
    // On a busy machine the pieces are built in several turns, and one may overtake another: which batches they form is not certain.
    const endBatches = async (until: () => boolean): Promise<void> => {
      while (!until()) {
        if (engine.isBusy) engine.end();
        await setImmediate();
      }
    };
    let taken: number | undefined;
    void stream.next().then(({ value }) => (taken = value?.results.length));
    await endBatches(() => taken !== undefined);
    expect(taken).toBe(32);
    await endBatches(() => engine.batches.flat().length >= 3 * 64 && !engine.isBusy);
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    expect(engine.batches.flat()).toHaveLength(3 * 64);
    await stream.return();
  });

  it('waits while the queue is full', async () => {
    const { score, engine } = scoreWith({ maxQueuedInputs: 2 });
    engine.hold();
    const others = [1, 2, 3].map(() => score.lists([list], unlimited));
    const scored = collect(score.stream([list], unlimited));
    const ending = setInterval(() => {
      if (engine.isBusy) engine.end();
    }, 5);
    expect((await scored)[0]?.results[0]?.clickProbabilities).toHaveLength(3);
    clearInterval(ending);
    await Promise.all(others);
  });

  it('ends with the first failure, and when its caller leaves', async () => {
    const failing = scoreWith({ predict: () => NaN });
    await expect(collect(failing.score.stream(lists, unlimited))).rejects.toThrow(InferenceError);
    const { score, engine } = scoreWith();
    engine.hold();
    const caller = new AbortController();
    const stream = collect(score.stream(lists, { signal: caller.signal, deadline: Infinity }));
    await setImmediate();
    caller.abort(new CallEndedError('cancelled'));
    await expect(stream).rejects.toMatchObject({ why: 'cancelled' });
  });

  it('goes on with the new model after a swap', async () => {
    const { score, serving } = scoreWith();
    const versions: string[] = [];
    for await (const { model } of score.stream(lists, unlimited)) {
      versions.push(model.version);
      if (versions.length === 1) serving.replace(loadedModel('v2', { engine: new FakeInferenceEngine() }));
    }
    expect([versions[0], versions.at(-1)]).toEqual(['v1', 'v2']);
  });
});
