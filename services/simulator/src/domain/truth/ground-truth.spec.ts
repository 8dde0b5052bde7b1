import { describe, expect, it } from 'vitest';
import { plainBehaviour, smallWorld, sourdough } from '../../../test/small-world.js';
import { standInPolicies } from '../measure/stand-in-policies.js';
import type { Behaviour, TaskId } from '../population/behaviour.js';
import { SessionSource } from '../population/session-source.js';
import { randomFor } from '../random/random.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import { impressionTruths } from './ground-truth-report.js';
import { GroundTruth, type ShownList } from './ground-truth.js';

const world = smallWorld();
const judge = new RelevanceJudge(world);
const varied: Behaviour = {
  ...plainBehaviour,
  population: { ...plainBehaviour.population, neverClick: 0.2, appetiteSpread: 0.8 },
  segments: [
    { id: 'terse', share: 1, length: 0.7, questions: 0.8 },
    { id: 'talkative', share: 3, length: 1.3, questions: 1.2 },
  ],
};
const LISTS = 2_500;
const answerOf = (id: string): string => sourdough.intents.find((intent) => intent.id === id)?.answer ?? '';
const start: Omit<ShownList, 'texts'> = {
  task: 'suggestion',
  query: 'how to make a sourdough starter',
  response: answerOf('make-starter'),
  history: [],
  ignored: 0,
};

describe('the ground truth', () => {
  it('is the click probability averaged over what users may need and who they are', () => {
    // After "make-starter" 9 in 10 need "feed" and 1 in 10 leaves, half of them for pizza. Strength 0.5; 3 words where 6 are usual.
    const taste = Math.exp(-((Math.log(3 / 6) / 0.6) ** 2) / 2);
    const truth = new GroundTruth(world, judge, plainBehaviour);
    const texts = ['sourdough feeding schedule'];
    const need = 0.5 * 0.9;
    const curious = 0.5 * 0.4 * 0.1;
    expect(truth.expectedClickRate({ ...start, texts })).toBeCloseTo((need + curious) * taste, 2);
  });

  it('says of each query how often it is clicked, of one alone as of the list', () => {
    const truth = new GroundTruth(world, judge, varied);
    const alone = { ...start, texts: ['sourdough feeding schedule'] };
    expect(truth.clickProbabilities(alone)).toEqual([expect.closeTo(truth.expectedClickRate(alone) ?? Number.NaN, 12)]);
    const two = { ...start, texts: ['sourdough feeding schedule', 'best pizza flour'] };
    const [first = 0, second = 0] = truth.clickProbabilities(two) ?? [];
    expect(first).toBeCloseTo(truth.expectedClickRate(alone) ?? Number.NaN, 12);
    // A list is clicked at most as often as its queries are.
    expect(truth.expectedClickRate(two)).toBeLessThanOrEqual(first + second);
    expect(second).toBeGreaterThan(0);
  });

  it('leaves out what was not logged, and moments that it does not know', () => {
    const truth = new GroundTruth(world, judge, varied);
    const known = { ...start, policy: 'p', texts: ['sourdough feeding schedule'] };
    const unknown = { ...known, query: 'best pram', response: 'A pram.' };
    const lists = [{ ...known, impressionId: 'a' }, known, { ...unknown, impressionId: 'b' }];
    expect(impressionTruths(truth, lists)).toEqual([{ impressionId: 'a', clickProbabilities: truth.clickProbabilities(known) }]);
  });

  it('is nothing for those who never click, and unknown for a moment that does not come up', () => {
    const nobody = new GroundTruth(world, judge, { ...varied, population: { ...varied.population, neverClick: 1 } });
    expect(nobody.expectedClickRate({ ...start, texts: ['sourdough feeding schedule'] })).toBe(0);
    const truth = new GroundTruth(world, judge, varied);
    expect(truth.expectedClickRate({ ...start, query: 'best pram', response: 'A pram.', texts: ['x'] })).toBeUndefined();
  });

  it.each(['suggestion', 'clarification'] as const)(
    'is what the users’ clicks come to in the long run (%s)',
    (task: TaskId) => {
      const policy = standInPolicies(world)['ordinary'];
      const source = new SessionSource(world, judge, varied, { seed: 5n, users: 4_000, tasks: new Set([task]) });
      const truth = new GroundTruth(world, judge, varied);
      const rates = new Map<string, number | undefined>();
      const clicksAt: number[] = [];
      const expectedAt: number[] = [];
      const probabilities = new Map<string, number[] | undefined>();
      let [clicked, expected] = [0, 0];
      for (let index = 0; index < LISTS; index++) {
        const session = source.session(index);
        const { turn } = session;
        const shown = policy?.(turn, task, randomFor(1n, 'list', index % 8)) ?? [];
        const texts = shown.map(({ text }) => text);
        const key = JSON.stringify([turn.query, texts]);
        if (!rates.has(key)) rates.set(key, truth.expectedClickRate({ ...turn, task, texts, ignored: 0 }));
        expected += rates.get(key) ?? Number.NaN;
        const { clicks } = session.look(task, shown);
        clicked += clicks.length > 0 ? 1 : 0;
        for (const position of clicks) clicksAt[position] = (clicksAt[position] ?? 0) + 1;
        if (!probabilities.has(key)) probabilities.set(key, truth.clickProbabilities({ ...turn, task, texts, ignored: 0 }));
        for (const [at, probability] of (probabilities.get(key) ?? []).entries())
          expectedAt[at + 1] = (expectedAt[at + 1] ?? 0) + probability;
      }
      // Standard error of the click rate: below sqrt(0.25 / 2,500) = 0.01; users come again, which widens it a little.
      expect(Math.abs(clicked - expected) / LISTS).toBeLessThan(0.03);
      expect(clicked / LISTS).toBeGreaterThan(0.05);
      for (const position of [1, 2, 3]) {
        expect(Math.abs((clicksAt[position] ?? 0) - (expectedAt[position] ?? Number.NaN)) / LISTS).toBeLessThan(0.03);
      }
    },
    60_000,
  );
});
