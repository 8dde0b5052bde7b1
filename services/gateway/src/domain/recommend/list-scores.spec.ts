import { setImmediate } from 'node:timers/promises';
import { unlimited } from '@gqr/chassis/grpc/call';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClickPredictor } from '../../../test/fakes/fake-click-predictor.js';
import { DependencyError } from '../dependency-error.js';
import { ListScores } from './list-scores.js';

const CONTEXT = { query: 'solar panels', response: '', history: [], sideInformation: {} };
const LIMITS = { caller: unlimited, timeoutMs: 1_000 };
const LIST = ['cost', 'lifespan', 'repair'];

let predictor: FakeClickPredictor;
let scores: ListScores;

beforeEach(() => {
  predictor = new FakeClickPredictor();
  scores = new ListScores(predictor, { taskId: 'suggestion', context: CONTEXT, cooccurrenceQueries: ['price'] });
});

describe('the scores of a list', () => {
  it('come in one call if nothing was scored ahead, each query behind those before it', async () => {
    expect(await scores.list(LIST, unlimited)).toEqual({ probabilities: [0.5, 0.25, 0.125], model: { kind: 'ctr', version: 'ctr-1' } });
    expect(predictor.asked).toEqual([' > cost', 'cost > lifespan', 'cost, lifespan > repair']);
    expect(predictor.requests).toMatchObject([{ taskId: 'suggestion', context: CONTEXT, cooccurrenceQueries: ['price'] }]);
  });

  it('are asked for only where they were not scored ahead', async () => {
    scores.ahead({ chosen: [], candidates: ['cost'] }, LIMITS);
    scores.ahead({ chosen: ['cost'], candidates: ['lifespan'] }, LIMITS);
    scores.ahead({ chosen: ['cost'], candidates: ['lifespan'] }, LIMITS);
    expect((await scores.list(LIST, unlimited)).probabilities).toEqual([0.5, 0.25, 0.125]);
    expect(predictor.requests.map(({ places }) => places.length)).toEqual([1, 1, 1]);
  });

  it('are not asked for a second time while the first call is under way', async () => {
    predictor.delayMs = 20;
    for (const [index, text] of LIST.entries()) scores.ahead({ chosen: LIST.slice(0, index), candidates: [text] }, LIMITS);
    expect((await scores.list(LIST, unlimited)).probabilities).toEqual([0.5, 0.25, 0.125]);
    expect(predictor.requests).toHaveLength(3);
  });

  it('do not hold for the same query behind others', async () => {
    scores.ahead({ chosen: [], candidates: ['cost'] }, LIMITS);
    await scores.list(['lifespan', 'cost'], unlimited);
    expect(predictor.asked).toEqual([' > cost', ' > lifespan', 'lifespan > cost']);
  });

  it('are asked for again where scoring ahead failed', async () => {
    predictor.fail('unavailable');
    scores.ahead({ chosen: [], candidates: ['cost'] }, LIMITS);
    await expect(scores.list(LIST, unlimited)).rejects.toBeInstanceOf(DependencyError);
    predictor.fail(undefined);
    expect((await scores.list(LIST, unlimited)).probabilities).toEqual([0.5, 0.25, 0.125]);
  });

  it('are not asked for ahead any more once that failed', async () => {
    predictor.fail('unavailable');
    for (const [index, text] of LIST.entries()) {
      scores.ahead({ chosen: LIST.slice(0, index), candidates: [text] }, LIMITS);
      await setImmediate();
    }
    expect(predictor.requests).toHaveLength(1);
  });

  it('are all of one model: another that came to serve meanwhile is asked for all of them', async () => {
    scores.ahead({ chosen: [], candidates: ['cost'] }, LIMITS);
    predictor.version = 'ctr-2';
    expect(await scores.list(LIST, unlimited)).toMatchObject({ probabilities: [0.5, 0.25, 0.125], model: { version: 'ctr-2' } });
    expect(predictor.requests.map(({ places }) => places.length)).toEqual([1, 2, 3]);
  });

  it('hold for candidates too, and for the list that ends with one of them', async () => {
    scores.ahead({ chosen: [], candidates: ['cost'] }, LIMITS);
    expect(await scores.candidates({ chosen: ['cost'], candidates: ['price', 'lifespan', 'repair'] }, unlimited)).toEqual([
      0.5, 0.75, 0.875,
    ]);
    expect((await scores.list(['cost', 'repair'], unlimited)).probabilities).toEqual([0.5, 0.875]);
    expect(predictor.asked).toEqual([' > cost', 'cost > price | lifespan | repair']);
  });
});
