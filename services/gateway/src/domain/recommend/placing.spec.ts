import { unlimited } from '@gqr/chassis/grpc/call';
import { beforeEach, describe, expect, it } from 'vitest';
import { FOREVER_MS, RecommendStage, requestWith } from '../../../test/fakes/recommend-stage.js';
import { clarification, hint } from '../../../test/fakes/tasks.js';
import { Task } from '../tasks/task.js';
import type { AnswerPiece } from './answer.js';
import type { RecommendRequest } from './request.js';

let stage: RecommendStage;

beforeEach(() => {
  stage = new RecommendStage(3);
});

/** Whether the query was asked 9 times after "solar panels", 8 times, ... */
const followedBy = (...texts: string[]): void => {
  stage.nextQueries.next = { 'solar panels': texts };
};

const shown = async (change: Partial<RecommendRequest> = {}): Promise<string[]> => {
  const { recommendations } = await stage.recommend.recommend(requestWith(change), unlimited);
  return recommendations.map(({ text, source }) => `${source}: ${text}`);
};

describe('what users really asked next', () => {
  it('is in the list though the model ignored it, in the last place, and the rest is as it was drawn', async () => {
    followedBy('solar panel price');
    const { recommendations, degradation } = await stage.recommend.recommend(requestWith(), unlimited);
    expect(recommendations.map(({ text, position, source, logPropensity }) => [text, position, source, logPropensity])).toEqual([
      ['solar panel cost', 1, 'generation', -1],
      ['solar panel lifespan', 2, 'generation', -2],
      ['solar panel price', 3, 'cooccurrence', undefined],
    ]);
    expect(recommendations.map(({ clickProbability }) => clickProbability)).toEqual([0.5, 0.25, 0.125]);
    expect(degradation).toBeUndefined();
    expect(stage.journal.impressions[0]?.queries).toEqual(recommendations);
  });

  it('is chosen by the click model, which knows what stands before it', async () => {
    followedBy('solar panel price', 'solar tax credit');
    expect(await shown()).toEqual(['generation: solar panel cost', 'generation: solar panel lifespan', 'cooccurrence: solar tax credit']);
    expect(stage.predictor.asked.at(-1)).toBe('solar panel cost, solar panel lifespan > solar panel price | solar tax credit');
  });

  it('is scored, as is what stands before it, while the language model writes what gives way to it', async () => {
    followedBy('solar panel price', 'solar tax credit');
    const request = requestWith({ explain: true });
    const { recommendations, modelVersions, explanation } = await stage.recommend.recommend(request, unlimited);
    expect(recommendations.map(({ clickProbability }) => clickProbability)).toEqual([0.5, 0.25, 0.75]);
    expect(modelVersions).toContainEqual({ kind: 'ctr', version: 'ctr-1' });
    expect(explanation?.listReward).toBeCloseTo(1 - 0.5 * 0.75 * 0.25, 12);
    expect(stage.predictor.asked).toEqual([
      ' > solar panel cost',
      'solar panel cost > solar panel lifespan',
      'solar panel cost, solar panel lifespan > solar panel price | solar tax credit',
    ]);
  });

  it('is scored in a call of its own where two were chosen, for the one stands before the other', async () => {
    stage.writer.texts = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'];
    followedBy('a1', 'a2', 'a3');
    await shown({ count: 6 });
    expect(stage.predictor.asked.slice(-2)).toEqual(['w1, w2, w3, w4 > a1 | a2 | a3', 'w1, w2, w3, w4, a3 > a2']);
  });

  it('is chosen together with what stands before it in one call when the list was at hand', async () => {
    followedBy('solar panel price', 'solar tax credit');
    stage.writer.pooled = true;
    expect((await shown()).at(-1)).toBe('cooccurrence: solar tax credit');
    expect(stage.predictor.requests).toHaveLength(1);
  });

  it('gets no place that the model gave it already', async () => {
    followedBy('SOLAR PANEL COST?', 'solar tax credit');
    expect(await shown()).toEqual([
      'generation: solar panel cost',
      'generation: solar panel lifespan',
      'generation: are solar panels worth it',
    ]);
  });

  it('gets one place in three', async () => {
    stage.writer.texts = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7'];
    followedBy('a1', 'a2', 'a3');
    expect(await shown({ count: 7 })).toEqual([
      ...['w1', 'w2', 'w3', 'w4', 'w5'].map((text) => `generation: ${text}`),
      'cooccurrence: a3',
      'cooccurrence: a2',
    ]);
  });

  it('keeps a place that the model gave it, and no second one for the same', async () => {
    stage.writer.texts = ['w1', 'a1', 'w3', 'w4', 'w5', 'w6'];
    followedBy('a1', 'a2');
    expect(await shown({ count: 6 })).toEqual([...['w1', 'a1', 'w3', 'w4', 'w5'].map((text) => `generation: ${text}`), 'cooccurrence: a2']);
  });

  it('stands for the last place of a list too short to give one away, and so does what the model wrote', async () => {
    followedBy('solar panel price', 'solar tax credit');
    expect(await shown({ count: 2 })).toEqual(['generation: solar panel cost', 'cooccurrence: solar tax credit']);
    expect(await shown({ task: new Task(hint), count: 1 })).toEqual(['cooccurrence: solar tax credit']);
    expect(stage.predictor.asked).toEqual([
      ' > solar panel cost',
      'solar panel cost > solar panel price | solar tax credit',
      'solar panel cost > solar panel lifespan',
      ' > solar panel price | solar tax credit',
      ' > solar panel cost',
    ]);
  });

  it('gives way in a list too short to give a place away when what the model wrote is clicked more', async () => {
    followedBy('solar panel price');
    stage.predictor.favourite = 'solar panel cost';
    const { recommendations } = await stage.recommend.recommend(requestWith({ task: new Task(hint), count: 1 }), unlimited);
    expect(recommendations).toMatchObject([{ text: 'solar panel cost', source: 'generation', logPropensity: -1, clickProbability: 1 }]);
  });

  it('needs no choice in a list too short to give a place away that has it already', async () => {
    followedBy('solar panel cost', 'solar tax credit');
    expect(await shown({ task: new Task(hint), count: 1 })).toEqual(['generation: solar panel cost']);
  });

  it('gets no place at all if none is to be given', async () => {
    stage = new RecommendStage(0);
    followedBy('solar panel price');
    expect(await shown({ task: new Task(hint), count: 1 })).toEqual(['generation: solar panel cost']);
  });

  it('gets no place among snippets', async () => {
    followedBy('solar panel price');
    stage.writer.auxiliaryTexts = { prefix: 'Write a poem' };
    expect(await shown({ task: new Task(clarification) })).not.toContain('cooccurrence: solar panel price');
  });

  it.each([
    ['is a pasted paragraph', (): void => followedBy('x'.repeat(201))],
    ['is what the user asked', (): void => followedBy('Solar panels?')],
  ])('gets no place when it %s', async (_, follow) => {
    follow();
    expect((await shown()).filter((text) => !text.startsWith('generation'))).toEqual([]);
  });

  it('gets no place when it followed too rarely', async () => {
    followedBy('solar panel price');
    stage.nextQueries.followed = 4;
    expect((await shown()).at(-1)).toBe('generation: are solar panels worth it');
    stage.nextQueries.followed = 5;
    expect((await shown()).at(-1)).toBe('cooccurrence: solar panel price');
  });

  it('gets no place when it followed another query than the user’s', async () => {
    followedBy('solar panel price');
    stage.nextQueries.viaQuery = 'sun panels';
    expect((await shown()).at(-1)).toBe('generation: are solar panels worth it');
  });

  it('fills up a list that is short instead', async () => {
    stage.writer.texts = ['solar panel cost'];
    followedBy('solar panel price', 'solar tax credit');
    expect(await shown()).toEqual(['generation: solar panel cost', 'cooccurrence: solar panel price', 'cooccurrence: solar tax credit']);
  });
});

describe('a click model at fault', () => {
  it.each([
    ['is away', 'CTR_UNAVAILABLE', (): void => stage.predictor.fail('unavailable')],
    ['hangs', 'CTR_TIMEOUT', (): void => void (stage.predictor.delayMs = FOREVER_MS)],
  ])('that %s leaves the choice to what was asked most, and is not asked for scores then', async (_, reason, misbehave) => {
    followedBy('solar panel price', 'solar tax credit');
    misbehave();
    const { recommendations, degradation } = await stage.recommend.recommend(requestWith(), unlimited);
    expect(recommendations.at(-1)).toMatchObject({ text: 'solar panel price', source: 'cooccurrence', clickProbability: undefined });
    expect(degradation).toEqual({ level: 'unscored', reasons: [reason] });
    expect(stage.predictor.asked.filter((asked) => asked.endsWith('> solar panel price | solar tax credit'))).toHaveLength(2);
    expect(stage.predictor.asked.at(-1)).toMatch('| solar tax credit');
  });

  it('leaves a list too short to give a place away as the model wrote it', async () => {
    followedBy('solar panel price');
    stage.predictor.fail('unavailable');
    const hints = requestWith({ task: new Task(hint), count: 1 });
    const { recommendations, degradation } = await stage.recommend.recommend(hints, unlimited);
    expect(recommendations).toMatchObject([{ text: 'solar panel cost', source: 'generation', logPropensity: -1 }]);
    expect(degradation).toEqual({ level: 'unscored', reasons: ['CTR_UNAVAILABLE'] });
  });
});

it('is told in a stream once it is settled, and no query that gives way to it is', async () => {
  followedBy('solar panel price', 'solar tax credit');
  const pieces: AnswerPiece[] = [];
  await stage.recommend.recommend(requestWith(), unlimited, (piece) => pieces.push(piece));
  expect(pieces.map((piece) => piece.kind === 'recommendation' && [piece.recommendation.position, piece.recommendation.text])).toEqual([
    [1, 'solar panel cost'],
    [2, 'solar panel lifespan'],
    [3, 'solar tax credit'],
  ]);
});
