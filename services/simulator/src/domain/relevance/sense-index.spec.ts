import { describe, expect, it } from 'vitest';
import { pizza, smallWorld, sourdough } from '../../../test/small-world.js';
import { World } from '../world/world.js';
import { RelevanceJudge } from './relevance-judge.js';
import { WordSenses } from './word-senses.js';

/** Words in three directions: feeding, buying, making. */
const DIRECTIONS: Readonly<Record<string, readonly number[]>> = {
  feed: [9, 1, 0],
  feeding: [9, 1, 1],
  schedule: [8, 0, 1],
  often: [8, 1, 1],
  hungry: [9, 0, 1],
  nourish: [10, 1, 0],
  best: [1, 9, 0],
  price: [0, 9, 1],
  oven: [1, 9, 2],
  dutch: [1, 8, 1],
  shop: [0, 9, 0],
  begin: [1, 0, 9],
  culture: [1, 1, 9],
  make: [0, 1, 9],
  scratch: [0, 0, 9],
};
const senses = new WordSenses(Object.keys(DIRECTIONS), Int8Array.from(Object.values(DIRECTIONS).flat()), 3);
const understanding = new RelevanceJudge(new World(smallWorld().topics, { synonyms: [], senses }));
const literal = new RelevanceJudge(smallWorld());
const feed = sourdough.intents.findIndex(({ id }) => id === 'feed');

describe('a judge that knows what words mean', () => {
  it('understands a text in words that nobody of the world uses', () => {
    const [meant, said] = [understanding, literal].map((judge) => judge.intents(sourdough, 'hungry, nourish it').fits);
    expect(said?.[feed]).toBe(0);
    expect(meant?.[feed]).toBeGreaterThan(0.5);
    expect(meant?.indexOf(Math.max(...meant))).toBe(feed);
  });

  it('reads a misspelt word as the one that is meant', () => {
    const { fits } = understanding.intents(sourdough, 'hungri nourish');
    expect(fits.indexOf(Math.max(...fits))).toBe(feed);
  });

  it('judges what is said plainly by its words alone', () => {
    const text = 'sourdough feeding schedule';
    expect(understanding.intents(sourdough, text).fits).toEqual(literal.intents(sourdough, text).fits);
  });

  it('finds no meaning in a text that is plainly about another topic, nor in words that it does not know', () => {
    expect(understanding.intents(sourdough, 'knead pizza recipe').fits).toEqual(literal.intents(sourdough, 'knead pizza recipe').fits);
    expect(understanding.intents(pizza, 'qwzx vbnm').fits).toEqual([0]);
  });
});
