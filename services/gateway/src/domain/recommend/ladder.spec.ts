import { unlimited } from '@gqr/chassis/grpc/call';
import { beforeEach, describe, expect, it } from 'vitest';
import { FOREVER_MS, RecommendStage, requestWith, soon } from '../../../test/fakes/recommend-stage.js';
import { clarification } from '../../../test/fakes/tasks.js';
import { Task } from '../tasks/task.js';
import type { RecommendRequest } from './request.js';

let stage: RecommendStage;

beforeEach(() => {
  stage = new RecommendStage();
});

describe('the ladder', () => {
  const shownFrom = async (limits = unlimited, change: Partial<RecommendRequest> = {}) => {
    const { recommendations, degradation, impressionId } = await stage.recommend.recommend(requestWith(change), limits);
    return {
      list: recommendations.map(({ text, source }) => `${source}: ${text}`),
      scored: recommendations.some(({ clickProbability }) => clickProbability !== undefined),
      degradation,
      logged: impressionId !== '',
    };
  };

  beforeEach(() => {
    stage.nextQueries.next = { 'solar panels': ['solar panel price', 'solar tax credit'] };
    stage.nextQueries.popular = ['weather tomorrow', 'convert cups to ml'];
  });

  it.each([
    ['unavailable', 'GENERATION_UNAVAILABLE'],
    ['overloaded', 'GENERATION_OVERLOADED'],
    ['invalid', 'GENERATION_INVALID'],
  ] as const)('answers with co-occurring queries, then popular ones, when generation is %s', async (fault, reason) => {
    stage.writer.fail(fault);
    expect(await shownFrom()).toEqual({
      list: ['cooccurrence: solar panel price', 'cooccurrence: solar tax credit', 'popular: weather tomorrow'],
      scored: true,
      degradation: { level: 'popular', reasons: [reason] },
      logged: true,
    });
  });

  it('answers before the deadline of the caller when the model does not', async () => {
    stage.writer.delayMs = FOREVER_MS;
    const deadline = Date.now() + 400;
    const shown = await shownFrom({ signal: unlimited.signal, deadline });
    expect(Date.now()).toBeLessThan(deadline);
    expect(shown).toMatchObject({ scored: true, degradation: { level: 'popular', reasons: ['GENERATION_TIMEOUT'] }, logged: true });
  });

  it('keeps the queries that were complete when the time was up', async () => {
    stage.writer.pieceMs = 60;
    stage.writer.texts = Array.from({ length: 100 }, (_, index) => `solar question ${String(index)}`);
    const shown = await shownFrom(soon(600), { count: 40 });
    expect(shown.list[0]).toBe('generation: solar question 0');
    expect(shown.list.slice(-4)).toEqual([
      'cooccurrence: solar panel price',
      'cooccurrence: solar tax credit',
      'popular: weather tomorrow',
      'popular: convert cups to ml',
    ]);
    expect(shown.degradation).toEqual({ level: 'popular', reasons: ['GENERATION_TIMEOUT'] });
  });

  it('keeps the queries that were complete when generation broke down', async () => {
    stage.writer.failsAfter = 2;
    stage.writer.fail('unavailable');
    expect(await shownFrom()).toMatchObject({
      list: ['generation: solar panel cost', 'generation: solar panel lifespan', 'cooccurrence: solar panel price'],
      degradation: { level: 'cooccurrence', reasons: ['GENERATION_UNAVAILABLE'] },
    });
  });

  it('fills up a list that the model left short, without saying anything twice', async () => {
    stage.writer.texts = ['Solar panel price?'];
    stage.nextQueries.popular = ['SOLAR PANELS', 'what is an inverter', 'weather tomorrow'];
    const history = [{ query: 'What is an inverter?', response: '' }];
    expect(await shownFrom(unlimited, { count: 4, context: { ...requestWith().context, history } })).toMatchObject({
      list: ['generation: Solar panel price?', 'cooccurrence: solar tax credit', 'popular: weather tomorrow'],
      degradation: { level: 'popular', reasons: ['GENERATION_SHORT'] },
    });
  });

  it('remembers the whole history when it looks for repetitions, the part included that no prompt holds', async () => {
    const history = Array.from({ length: 200 }, (_, index) => ({ query: `earlier ${String(index)}`, response: '' }));
    stage.writer.texts = ['Earlier 3', 'earlier 199', 'new'];
    const shown = await shownFrom(unlimited, { count: 1, context: { ...requestWith().context, history } });
    expect(shown.list).toEqual(['generation: new']);
    expect(stage.writer.requests[0]?.context.history).toHaveLength(50);
  });

  it('does not put a pasted paragraph on a chip', async () => {
    stage.writer.fail('unavailable');
    stage.nextQueries.next = { 'solar panels': ['x'.repeat(201), 'solar panel price'] };
    expect((await shownFrom(unlimited, { count: 1 })).list).toEqual(['cooccurrence: solar panel price']);
  });

  it('never puts whole queries where a task shows snippets', async () => {
    stage.writer.fail('unavailable');
    expect(await shownFrom(unlimited, { task: new Task(clarification) })).toEqual({
      list: [],
      scored: false,
      degradation: { level: 'empty', reasons: ['GENERATION_UNAVAILABLE'] },
      logged: false,
    });
  });

  it('keeps the complete snippets of a list that broke off, with the texts around them', async () => {
    stage.writer.texts = ['about the sea', 'that rhymes', 'for children'];
    stage.writer.auxiliaryTexts = { guiding_sentence: 'What kind?', prefix: 'Write a poem', suffix: '' };
    stage.writer.failsAfter = 5;
    stage.writer.fail('unavailable');
    const answer = await stage.recommend.recommend(requestWith({ task: new Task(clarification), count: 4 }), unlimited);
    expect(answer.recommendations.map(({ query }) => query)).toEqual(['Write a poem about the sea', 'Write a poem that rhymes']);
    expect(answer.auxiliaryTexts).toEqual({ guiding_sentence: 'What kind?', prefix: 'Write a poem' });
    expect(answer.degradation).toEqual({ level: 'whole', reasons: ['GENERATION_UNAVAILABLE'] });
  });

  it('has no auxiliary texts without a query', async () => {
    stage.writer.texts = [];
    stage.writer.auxiliaryTexts = { prefix: 'Write a poem' };
    const answer = await stage.recommend.recommend(requestWith({ task: new Task(clarification) }), unlimited);
    expect([answer.auxiliaryTexts, answer.degradation?.level]).toEqual([{}, 'empty']);
  });

  it.each([
    ['unavailable', 'CTR_UNAVAILABLE'],
    ['timeout', 'CTR_TIMEOUT'],
  ] as const)('shows the list unscored when the click model is at fault: %s', async (fault, reason) => {
    stage.predictor.fail(fault);
    expect(await shownFrom()).toMatchObject({ scored: false, degradation: { level: 'unscored', reasons: [reason] }, logged: true });
  });

  it('does not wait for a click model that hangs', async () => {
    stage.predictor.delayMs = FOREVER_MS;
    expect(await shownFrom()).toMatchObject({ scored: false, degradation: { level: 'unscored', reasons: ['CTR_TIMEOUT'] }, logged: true });
  });

  it.each([
    ['unavailable', 'COOCCURRENCE_UNAVAILABLE'],
    ['failed', 'COOCCURRENCE_FAILED'],
  ] as const)('writes the list without co-occurring queries when these are at fault: %s', async (fault, reason) => {
    stage.nextQueries.fail(fault);
    const shown = await shownFrom();
    expect(shown.list[0]).toBe('generation: solar panel cost');
    expect(shown.degradation).toEqual({ level: 'whole', reasons: [reason] });
  });

  it('spends a fraction of the time on co-occurrence that hangs', async () => {
    stage.nextQueries.delayMs = FOREVER_MS;
    const shown = await shownFrom(soon(1_000));
    expect(shown.list).toHaveLength(3);
    expect(shown.degradation).toEqual({ level: 'whole', reasons: ['COOCCURRENCE_TIMEOUT'] });
  });

  it('falls back on the popular queries that it knew when co-occurrence is away', async () => {
    stage.writer.fail('unavailable');
    await stage.recommend.recommend(requestWith(), unlimited);
    stage.nextQueries.fail('unavailable');
    expect(await shownFrom()).toMatchObject({
      list: ['popular: weather tomorrow', 'popular: convert cups to ml'],
      degradation: { level: 'popular', reasons: ['COOCCURRENCE_UNAVAILABLE', 'GENERATION_UNAVAILABLE'] },
    });
  });

  it('answers with an empty list when nothing is left, and does not ask the click model about it', async () => {
    stage.writer.fail('unavailable');
    stage.nextQueries.fail('unavailable');
    expect(await shownFrom()).toEqual({
      list: [],
      scored: false,
      degradation: { level: 'empty', reasons: ['COOCCURRENCE_UNAVAILABLE', 'GENERATION_UNAVAILABLE'] },
      logged: false,
    });
    expect(stage.predictor.requests).toEqual([]);
  });

  it.each([
    ['unavailable', 'LOG_UNAVAILABLE'],
    ['timeout', 'LOG_TIMEOUT'],
  ] as const)('shows a list without impression id when it could not be logged: %s', async (fault, reason) => {
    stage.journal.fail(fault);
    const shown = await shownFrom();
    expect(shown).toMatchObject({ scored: true, degradation: { level: 'whole', reasons: [reason] }, logged: false });
    expect(shown.list).toHaveLength(3);
  });

  it('does not wait for a log that hangs', async () => {
    stage.journal.delayMs = FOREVER_MS;
    expect(await shownFrom()).toMatchObject({ degradation: { level: 'whole', reasons: ['LOG_TIMEOUT'] }, logged: false });
  });

  it('answers when everything hangs', async () => {
    for (const fake of [stage.nextQueries, stage.writer, stage.predictor, stage.journal]) fake.delayMs = FOREVER_MS;
    const shown = await shownFrom(soon(1_500));
    expect(shown.degradation).toEqual({ level: 'empty', reasons: ['COOCCURRENCE_TIMEOUT', 'GENERATION_TIMEOUT', 'LOG_TIMEOUT'] });
  });
});
