import { expect, it } from 'vitest';
import { choosePool, type PoolSettings } from './pool-policy.js';

const settings: PoolSettings = {
  live: { size: 4, key: 'prompt' },
  simulated: { size: 6, key: 'query' },
  sessionTasks: new Set(['hint']),
};

it.each([
  ['suggestion', 'live', { size: 4, key: 'prompt' }],
  ['suggestion', 'simulated', { size: 6, key: 'query' }],
  ['hint', 'live', { size: 4, key: 'prompt' }],
  ['hint', 'simulated', { size: 6, key: 'prompt' }],
] as const)('draws lists of %s for %s traffic from %j', (taskId, traffic, pool) => {
  expect(choosePool(settings, taskId, traffic)).toEqual(pool);
});
