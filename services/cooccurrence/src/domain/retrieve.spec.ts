import { beforeEach, describe, expect, it } from 'vitest';
import { FakeQueryIndex } from '../../test/fake-query-index.js';
import { Retrieval } from './retrieve.js';
import { ServingIndex } from './serving-index.js';

describe('retrieval', () => {
  const serving = new ServingIndex();
  const retrieval = new Retrieval(serving);
  beforeEach(async () => {
    await serving.swap(
      new FakeQueryIndex({
        version: 'v1',
        next: { 'reset my router': { 'router default password': 3, 'Wi-Fi slow': 1 } },
        popular: { weather: 9 },
      }),
    );
  });

  it('scores by similarity times transition probability', async () => {
    expect(await retrieval.retrieve('reset my router', 8)).toEqual({
      version: 'v1',
      found: [
        { text: 'router default password', count: 3, transitionProbability: 0.75, similarity: 1, score: 0.75 },
        { text: 'Wi-Fi slow', count: 1, transitionProbability: 0.25, similarity: 1, score: 0.25 },
      ],
    });
  });

  it.each(['Reset my ROUTER', '  reset  my router?! ', 'reset my\u00a0router', 'ｒｅｓｅｔ my router'])(
    'finds the query written as %j',
    async (query) => {
      expect((await retrieval.retrieve(query, 8)).found).toHaveLength(2);
    },
  );

  it('gives popular queries with the version that they come from', async () => {
    expect(await retrieval.listPopular(8)).toEqual({ version: 'v1', found: [{ text: 'weather', count: 9 }] });
  });
});
