import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QueryIndex } from '../src/domain/query-index.js';
import type { Dictionary } from './fake-query-index.js';

const dictionary: Dictionary = {
  version: 'v1',
  next: {
    'how to grow tomatoes': { 'tomato blight': 6, 'when to water tomatoes': 3, 'best tomato varieties': 3 },
    'tomato blight': { 'Copper spray for tomatoes?': 1 },
    'naïve 東京 🍅': { '東京 カフェ': 2 },
  },
  popular: { weather: 90, 'how to grow tomatoes': 40, 'apple pie': 40 },
};

/** What every query index does, whatever it is made of. `open` gives one that holds `dictionary`. */
export function queryIndexContract(name: string, open: (dictionary: Dictionary) => Promise<QueryIndex>): void {
  describe(`${name} as a query index`, () => {
    let index: QueryIndex;
    beforeEach(async () => {
      index = await open(dictionary);
    });
    afterEach(async () => {
      await index.close();
    });

    it('gives next queries by descending count, ties by text, each with its share', async () => {
      expect(await index.nextQueries('how to grow tomatoes', 10)).toEqual([
        { text: 'tomato blight', count: 6, transitionProbability: 0.5 },
        { text: 'best tomato varieties', count: 3, transitionProbability: 0.25 },
        { text: 'when to water tomatoes', count: 3, transitionProbability: 0.25 },
      ]);
    });

    it('keeps the shares of the whole when fewer are asked for', async () => {
      expect(await index.nextQueries('how to grow tomatoes', 1)).toEqual([{ text: 'tomato blight', count: 6, transitionProbability: 0.5 }]);
    });

    it('gives texts as they were written, in any script', async () => {
      expect(await index.nextQueries('tomato blight', 10)).toMatchObject([{ text: 'Copper spray for tomatoes?' }]);
      expect(await index.nextQueries('naïve 東京 🍅', 10)).toEqual([{ text: '東京 カフェ', count: 2, transitionProbability: 1 }]);
    });

    it('knows nothing of other queries', async () => {
      expect(await index.nextQueries('tomato', 10)).toEqual([]);
      expect(await index.nextQueries('', 10)).toEqual([]);
      expect(await index.nextQueries("' OR 1=1 --", 10)).toEqual([]);
    });

    it('gives popular queries by descending count, ties by text', async () => {
      expect(await index.popular(10)).toEqual([
        { text: 'weather', count: 90 },
        { text: 'apple pie', count: 40 },
        { text: 'how to grow tomatoes', count: 40 },
      ]);
      expect(await index.popular(1)).toEqual([{ text: 'weather', count: 90 }]);
    });

    it('says which snapshot it is and how large', () => {
      expect(index.info).toMatchObject({ version: 'v1', queries: 3, pairs: 5 });
    });
  });
}
