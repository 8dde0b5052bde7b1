import { describe, expect, it } from 'vitest';
import { birthdays, pizza, smallWorld, sourdough } from '../../../test/small-world.js';
import { RelevanceJudge } from './relevance-judge.js';

const judge = new RelevanceJudge(smallWorld());
const [boss] = birthdays.requests;
const best = (text: string): string => {
  const { fits } = judge.intents(sourdough, text);
  return sourdough.intents[fits.indexOf(Math.max(...fits))]?.id ?? '';
};

describe('the judge of relevance', () => {
  it('finds the need behind a phrasing, a paraphrase and a misspelling', () => {
    expect(['sourdough feeding schedule', 'feeding times for my bread', 'how ofen to feed sourdogh startr'].map(best)).toEqual([
      'feed',
      'feed',
      'feed',
    ]);
    expect(judge.intents(sourdough, 'sourdough feeding schedule').fits[1]).toBe(1);
  });

  it('tells the needs of a topic apart', () => {
    const { fits } = judge.intents(sourdough, 'price of a dutch oven for bread');
    expect(fits[2]).toBe(1);
    expect(Math.max(fits[0] ?? 1, fits[1] ?? 1)).toBeLessThan(0.3);
  });

  it('finds nothing in a text about something else', () => {
    const { fits, topical } = judge.intents(sourdough, 'cheap flights to lisbon');
    expect(Math.max(...fits)).toBeLessThan(0.1);
    expect(topical).toBeLessThan(0.1);
  });

  it('knows that a text is about the topic though it expresses none of its needs', () => {
    const { fits, topical } = judge.intents(sourdough, 'famous sourdough bread');
    expect(Math.max(...fits)).toBeLessThan(0.35);
    expect(topical).toBeGreaterThan(0.5);
  });

  it('does not reward a heap of keywords', () => {
    const { fits } = judge.intents(sourdough, 'make begin sourdough feed feeding sourdough buy best price sourdough');
    expect(Math.max(...fits)).toBeLessThan(0.75);
  });

  it('judges snippets for a piece of writing', () => {
    expect(boss && judge.facets(boss, 'make it funny').fits[0]).toBeGreaterThan(0.9);
    expect(boss && judge.facets(boss, 'short').fits[1]).toBeGreaterThan(0.9);
    expect(boss && Math.max(...judge.facets(boss, 'pizza dough').fits)).toBeLessThan(0.2);
  });

  it('measures how much two texts say the same in the same words', () => {
    expect(judge.similarity('How often to feed sourdough starter?', 'how often to feed sourdough starter')).toBe(1);
    expect(judge.similarity('pizza dough recipe', 'sourdough feeding schedule')).toBe(0);
  });

  it('judges the same text the same way every time', () => {
    expect(judge.intents(pizza, 'knead pizza dough')).toEqual(new RelevanceJudge(smallWorld()).intents(pizza, 'knead pizza dough'));
  });
});
