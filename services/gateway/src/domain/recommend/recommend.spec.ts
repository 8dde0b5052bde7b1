import { CallEndedError } from '@gqr/chassis/errors';
import { unlimited, within } from '@gqr/chassis/grpc/call';
import { beforeEach, describe, expect, it } from 'vitest';
import { FOREVER_MS, NOW, RecommendStage, requestWith } from '../../../test/fakes/recommend-stage.js';
import { clarification } from '../../../test/fakes/tasks.js';
import { Task } from '../tasks/task.js';
import type { AnswerPiece } from './answer.js';
import type { RecommendRequest } from './request.js';

let stage: RecommendStage;

beforeEach(() => {
  stage = new RecommendStage();
});

describe('an answer with everything at hand', () => {
  it('has the list of the language model in its order, scored', async () => {
    const answer = await stage.recommend.recommend(requestWith(), unlimited);
    expect(answer.recommendations).toEqual([
      { text: 'solar panel cost', query: 'solar panel cost', position: 1, source: 'generation', clickProbability: 0.5, logPropensity: -1 },
      {
        text: 'solar panel lifespan',
        query: 'solar panel lifespan',
        position: 2,
        source: 'generation',
        clickProbability: 0.25,
        logPropensity: -2,
      },
      {
        text: 'are solar panels worth it',
        query: 'are solar panels worth it',
        position: 3,
        source: 'generation',
        clickProbability: 0.125,
        logPropensity: -3,
      },
    ]);
    expect(answer.degradation).toBeUndefined();
    expect(answer.explanation).toBeUndefined();
  });

  it('names the models and the time of every phase', async () => {
    stage.nextQueries.next = { 'solar panels': ['solar panel price'] };
    const answer = await stage.recommend.recommend(requestWith(), unlimited);
    expect(answer.modelVersions).toEqual([
      { kind: 'policy.suggestion', version: 'policy-1' },
      { kind: 'ctr', version: 'ctr-1' },
      { kind: 'cooccurrence', version: 'snapshot-1' },
    ]);
    expect(answer.timings.map(({ phase }) => phase)).toEqual(['cooccurrence', 'generation', 'ctr', 'log', 'gateway']);
  });

  it('gives the model the co-occurring queries that its prompt takes, and no more', async () => {
    stage.nextQueries.next = { 'solar panels': ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'] };
    await stage.recommend.recommend(requestWith(), unlimited);
    expect(stage.nextQueries.asked).toEqual([{ query: 'solar panels', limit: 6 }]);
    expect(stage.writer.requests[0]?.cooccurrenceQueries).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it.each([
    ['live', { size: 4, key: 'prompt' }],
    ['simulated', { size: 6, key: 'query' }],
  ] as const)('draws lists for %s traffic from the pool %j', async (traffic, pool) => {
    await stage.recommend.recommend(requestWith({ traffic }), unlimited);
    expect(stage.writer.requests[0]?.pool).toEqual(pool);
  });

  it('explains itself when asked to', async () => {
    stage.nextQueries.next = { 'solar panels': ['solar panel price'] };
    const answer = await stage.recommend.recommend(requestWith({ explain: true }), unlimited);
    expect(answer.explanation).toMatchObject({
      cooccurrence: [{ text: 'solar panel price', count: 9n, similarity: 1 }],
      prompt: 'the prompt',
      promptVersion: 'prompt-1',
      decoding: { temperature: 0.7, seed: 42n, poolSize: 4, repetitionPenalty: 1.1, diversity: 0.5 },
      usage: { promptTokens: 200, cachedPromptTokens: 150, completionTokens: 20, redraws: 1 },
    });
    expect(answer.explanation?.listReward).toBeCloseTo(1 - 0.5 * 0.75 * 0.875, 12);
  });

  it('composes each query of a task with prefix and suffix', async () => {
    stage.writer.texts = ['about the sea', 'that rhymes'];
    stage.writer.auxiliaryTexts = { guiding_sentence: 'What kind?', prefix: 'Write a poem', suffix: 'in 8 lines', surplus: 'x' };
    const answer = await stage.recommend.recommend(requestWith({ task: new Task(clarification), count: 2 }), unlimited);
    expect(answer.auxiliaryTexts).toEqual({ guiding_sentence: 'What kind?', prefix: 'Write a poem', suffix: 'in 8 lines' });
    expect(answer.recommendations.map(({ query }) => query)).toEqual([
      'Write a poem about the sea in 8 lines',
      'Write a poem that rhymes in 8 lines',
    ]);
  });
});

describe('the log of an answer', () => {
  it('has the query and all that is needed to learn from the list, before the answer is given', async () => {
    stage.nextQueries.next = { 'solar panels': ['solar panel price'] };
    const answer = await stage.recommend.recommend(requestWith(), unlimited);
    expect(stage.journal.queries).toEqual([
      {
        eventId: 'id-1',
        sessionId: 'session-1',
        userId: 'user-1',
        occurredAt: NOW,
        query: 'solar panels',
        origin: 'typed',
        traffic: 'live',
      },
    ]);
    expect(stage.journal.impressions).toMatchObject([
      {
        impressionId: answer.impressionId,
        sessionId: 'session-1',
        occurredAt: NOW,
        taskId: 'suggestion',
        context: { query: 'solar panels', response: 'Panels turn light into power.' },
        cooccurrenceQueries: ['solar panel price'],
        queries: answer.recommendations,
        modelVersions: answer.modelVersions,
        promptVersion: 'prompt-1',
        decoding: { seed: 42n },
        degradedReason: '',
      },
    ]);
  });

  it('has what the predictor was told of a list that the language model had no part in', async () => {
    stage.writer.fail('unavailable');
    stage.nextQueries.next = { 'solar panels': ['solar panel price', 'solar panel size'] };
    await stage.recommend.recommend(requestWith(), unlimited);
    expect(stage.predictor.requests.at(-1)?.cooccurrenceQueries).toEqual(['solar panel price', 'solar panel size']);
    expect(stage.journal.impressions[0]?.cooccurrenceQueries).toEqual(['solar panel price', 'solar panel size']);
  });

  it('has an impression id that knows what was shown', async () => {
    const { impressionId } = await stage.recommend.recommend(requestWith(), unlimited);
    expect(stage.ids.open(impressionId)?.positionOf('solar panel lifespan')).toBe(2);
  });

  it('makes a session id for a request that has none', async () => {
    const answer = await stage.recommend.recommend(requestWith({ sessionId: '' }), unlimited);
    expect(answer.sessionId).toMatch(/^id-/);
    expect(stage.journal.impressions[0]?.sessionId).toBe(answer.sessionId);
  });

  it('keeps the time of a replayed request', async () => {
    await stage.recommend.recommend(requestWith({ occurredAt: 1_700_000_000_000 }), unlimited);
    expect([stage.journal.queries[0]?.occurredAt, stage.journal.impressions[0]?.occurredAt]).toEqual([
      1_700_000_000_000, 1_700_000_000_000,
    ]);
  });

  it('has why a list is degraded', async () => {
    stage.predictor.fail('unavailable');
    stage.writer.texts = ['solar panel cost'];
    await stage.recommend.recommend(requestWith(), unlimited);
    expect(stage.journal.impressions[0]?.degradedReason).toBe('GENERATION_SHORT,CTR_UNAVAILABLE');
  });

  it('has no impression of an empty list, but the query', async () => {
    stage.writer.fail('unavailable');
    const answer = await stage.recommend.recommend(requestWith(), unlimited);
    expect([answer.impressionId, stage.journal.queries.length, stage.journal.impressions.length]).toEqual(['', 1, 0]);
  });
});

describe('a caller who is gone', () => {
  it('gets nothing, and nothing is logged', async () => {
    stage.writer.delayMs = FOREVER_MS;
    const caller = new AbortController();
    const answer = stage.recommend.recommend(requestWith(), { signal: caller.signal, deadline: Infinity });
    setTimeout(() => {
      caller.abort(new CallEndedError('cancelled'));
    }, 20);
    await expect(answer).rejects.toMatchObject({ why: 'cancelled' });
    expect([stage.predictor.requests.length, stage.journal.queries.length]).toEqual([0, 0]);
  });

  it('is noticed before any work when the deadline had passed on arrival', async () => {
    const late = within(unlimited, -1000);
    await expect.poll(() => late.signal.aborted).toBe(true);
    await expect(stage.recommend.recommend(requestWith(), late)).rejects.toMatchObject({ why: 'deadline' });
    expect(stage.nextQueries.asked).toEqual([]);
  });
});

describe('the pieces of an answer', () => {
  const piecesOf = async (change: Partial<RecommendRequest> = {}): Promise<AnswerPiece[]> => {
    const pieces: AnswerPiece[] = [];
    await stage.recommend.recommend(requestWith(change), unlimited, (piece) => pieces.push(piece));
    return pieces;
  };

  it('are the auxiliary texts as they become known, then each query with its place', async () => {
    stage.writer.texts = ['about the sea'];
    stage.writer.auxiliaryTexts = { prefix: 'Write a poem', suffix: 'in 8 lines' };
    expect(await piecesOf({ task: new Task(clarification), count: 1 })).toEqual([
      { kind: 'auxiliary_texts', texts: { prefix: 'Write a poem' } },
      { kind: 'auxiliary_texts', texts: { prefix: 'Write a poem', suffix: 'in 8 lines' } },
      {
        kind: 'recommendation',
        recommendation: {
          text: 'about the sea',
          query: 'Write a poem about the sea in 8 lines',
          position: 1,
          source: 'generation',
          clickProbability: undefined,
          logPropensity: -1,
        },
      },
    ]);
  });

  it('come before the list is scored', async () => {
    stage.predictor.delayMs = FOREVER_MS;
    const first = Promise.withResolvers<number>();
    void stage.recommend.recommend(requestWith(), unlimited, () => {
      first.resolve(stage.predictor.requests.length);
    });
    expect(await first.promise).toBe(0);
  });

  it('leave out what is not in the list', async () => {
    stage.writer.texts = ['solar panel cost', 'Solar Panel Cost?', 'solar panels', 'solar panel lifespan'];
    const texts = (await piecesOf({ count: 2 })).map((piece) => piece.kind === 'recommendation' && piece.recommendation.text);
    expect(texts).toEqual(['solar panel cost', 'solar panel lifespan']);
  });

  it('include those that fill up the list, and lists that were at hand', async () => {
    stage.nextQueries.next = { 'solar panels': ['solar panel price'] };
    stage.writer.pooled = true;
    stage.writer.texts = ['solar panel cost'];
    const pieces = await piecesOf({ count: 2 });
    expect(pieces.map((piece) => piece.kind === 'recommendation' && [piece.recommendation.position, piece.recommendation.source])).toEqual([
      [1, 'generation'],
      [2, 'cooccurrence'],
    ]);
  });
});
