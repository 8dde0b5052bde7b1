import { describe, expect, it } from 'vitest';
import { readStageWorld } from '../src/adapters/stage-world.js';
import { readBehaviour } from '../src/adapters/yaml/behaviour-file.js';
import { GroundTruth } from '../src/domain/truth/ground-truth.js';
import { heldBackLists } from './held-back-lists.js';
import { WORLD_DIR } from './shipped-world.js';

const { whole, judge } = readStageWorld(WORLD_DIR);
const truth = new GroundTruth(whole, judge, readBehaviour(WORLD_DIR));
const contexts = [...heldBackLists(whole)].map(({ scene, kinds }) => ({
  scene,
  rates: new Map([...kinds].map(([kind, list]) => [kind, truth.expectedClickRate(list) ?? Number.NaN])),
}));
const mean = (kind: string): number => contexts.reduce((sum, { rates }) => sum + (rates.get(kind) ?? Number.NaN), 0) / contexts.length;

describe('lists written by hand that nothing was tuned on', () => {
  it('cover topics for evaluation and both layouts', () => {
    expect(contexts.length).toBeGreaterThanOrEqual(20);
    expect(contexts.filter(({ scene }) => whole.only('evaluation').topic(scene.split('/')[0] ?? '') === undefined)).toEqual([]);
  });

  it.each(['repetitive', 'stuffed', 'nearCopies', 'long', 'copies', 'popular'])('are clicked more when good than when %s', (kind) => {
    expect(mean(kind)).toBeLessThan(0.6 * mean('good'));
    const won = contexts.filter(({ rates }) => (rates.get(kind) ?? Number.NaN) > (rates.get('good') ?? Number.NaN));
    expect(won.length).toBeLessThanOrEqual(1);
  });
});
