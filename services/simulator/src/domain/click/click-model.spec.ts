import { describe, expect, it } from 'vitest';
import { plainBehaviour, smallWorld } from '../../../test/small-world.js';
import { randomFor } from '../random/random.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import { ClickModel, type Meaning, type View } from './click-model.js';

const judge = new RelevanceJudge(smallWorld());
const model = new ClickModel(plainBehaviour, judge);
const meaning = (change: Partial<Meaning> = {}): Meaning => ({ need: 0, other: 0, met: 0, topical: 0, fits: [0, 0], ...change });
const NEEDED = meaning({ need: 1, fits: [1, 0] });
/** Six words, the usual length, so that taste is 1. */
const SIX_WORDS = ['pizza dough recipe knead it well', 'best dutch oven for sourdough bread', 'how often to feed a starter'];
const view = (meanings: readonly Meaning[], change: Partial<View> = {}): View => ({
  task: 'suggestion',
  segment: { id: 'plain', share: 1, length: 1, questions: 1 },
  appetite: 1,
  asked: [],
  answer: '',
  ignored: 0,
  queries: meanings.map((each, at) => ({ text: SIX_WORDS[at] ?? '', meaning: each })),
  ...change,
});
const first = (change: Partial<Meaning>, of: Partial<View> = {}): number => model.probabilities(view([meaning(change)], of))[0] ?? 0;

describe('the hidden click model', () => {
  it('is examination times attractiveness', () => {
    // Strength 0.5; examination 1, 0.5, then half of it again.
    const other = { ...NEEDED, fits: [0, 1] };
    const third = { ...NEEDED, fits: [] };
    expect(model.probabilities(view([NEEDED, other, third]))).toEqual([0.5, 0.25, 0.125]);
  });

  it('takes the best of need, curiosity and topic', () => {
    expect(first({ need: 0.8, other: 1, topical: 1 })).toBeCloseTo(0.5 * 0.8);
    expect(first({ need: 0.1, other: 1, topical: 1 })).toBeCloseTo(0.5 * 0.4);
    expect(first({ topical: 1 })).toBeCloseTo(0.5 * 0.2);
    expect(first({})).toBe(0);
  });

  it('has hardly anybody click what they have asked before or what is settled', () => {
    expect(first({ need: 1 }, { asked: ['Pizza dough recipe, knead it well!'] })).toBeCloseTo(0.5 * 0.1);
    expect(first({ need: 1, met: 1 })).toBeCloseTo(0.5 * 0.1);
  });

  it('discounts a query that says what one above it says, in the same or in other words', () => {
    const [, again] = model.probabilities(view([NEEDED, NEEDED]));
    expect(again).toBeCloseTo(0.25 * 0.3);
    const same = view([NEEDED, { ...NEEDED, fits: [0, 1] }]);
    const copied = { ...same, queries: same.queries.map((query) => ({ ...query, text: SIX_WORDS[0] ?? '' })) };
    expect(model.probabilities(copied)[1]).toBeCloseTo(0.25 * 0.3);
  });

  it('has fewer people click what the answer has told them word for word', () => {
    expect(first({ need: 1 }, { answer: 'For the recipe, knead the pizza dough well, for six minutes.' })).toBeCloseTo(0.5 * 0.5);
    expect(first({ need: 1 }, { answer: 'A dough needs flour and water.' })).toBe(0.5);
  });

  it('tires of passing lists over, and passes over a list that repeats itself', () => {
    const tired = new ClickModel({ ...plainBehaviour, clicks: { ...plainBehaviour.clicks, fatigue: 0.2, clutter: 0.4 } }, judge);
    expect(tired.probabilities(view([NEEDED], { ignored: 2 }))[0]).toBeCloseTo(0.5 * 0.8 ** 2);
    const [repeated = 0, again = 0] = tired.probabilities(view([NEEDED, NEEDED]));
    expect(repeated).toBeCloseTo(0.5 * 0.6);
    expect(again).toBeCloseTo(0.25 * 0.6 * 0.3);
  });

  it('follows the taste for length and for the wording', () => {
    const long = 'i was wondering whether you could please tell me all about the best dutch oven for sourdough bread';
    const at = (text: string): number => model.probabilities(view([], { queries: [{ text, meaning: NEEDED }] }))[0] ?? 0;
    expect(at(long)).toBeLessThan(0.15);
    expect(at('would you like a dutch oven')).toBeCloseTo(0.5 * 0.3);
    // 12 words where 6 are usual, half of them repeats.
    const twice = `${SIX_WORDS[1] ?? ''} `.repeat(2).replace(/ for/g, ' fits');
    expect(at(twice)).toBeCloseTo(0.5 * Math.exp(-((Math.log(12 / 6) / 0.6) ** 2) / 2) * 0.2);
    const asker = { id: 'asker', share: 1, length: 1, questions: 1.25 };
    expect(first({ need: 1 }, { segment: asker })).toBeCloseTo(0.5 / 1.25);
  });

  it('leaves those alone who never click', () => {
    expect(first({ need: 1 }, { appetite: 0 })).toBe(0);
  });

  it('draws clicks as often as it says, and only one where nobody goes on after a click', () => {
    const random = randomFor(1n, 'clicks', 0);
    const shown = view([NEEDED, { ...NEEDED, fits: [0, 1] }]);
    const draws = Array.from({ length: 20_000 }, () => model.draw(shown, random));
    expect(draws.every((clicks) => clicks.length <= 1)).toBe(true);
    expect(draws.filter(([click]) => click === 1).length / 20_000).toBeCloseTo(0.5, 1);
    expect(draws.filter(([click]) => click === 2).length / 20_000).toBeCloseTo(0.5 * 0.25, 1);
  });
});
