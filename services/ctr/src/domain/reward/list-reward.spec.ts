import { describe, expect, it } from 'vitest';
import { multiReward, singleReward } from './list-reward.js';

describe('list rewards', () => {
  it('Eq. 3 is the probability of at least one click', () => {
    // 1 - 0.9 * 0.8 * 0.5 = 1 - 0.36, by hand.
    expect(multiReward([0.1, 0.2, 0.5])).toBeCloseTo(0.64, 12);
    // 1 - 0.95^3 = 1 - 0.857375, by hand.
    expect(multiReward([0.05, 0.05, 0.05])).toBeCloseTo(0.142625, 12);
  });

  it('Eq. 4 is the expected number of clicks', () => {
    expect(singleReward([0.1, 0.2, 0.5])).toBeCloseTo(0.8, 12);
  });

  it('of one query both are its click probability', () => {
    expect(multiReward([0.3])).toBeCloseTo(0.3, 12);
    expect(singleReward([0.3])).toBeCloseTo(0.3, 12);
  });

  it('a certain click makes Eq. 3 one, whatever stands beside it', () => {
    expect(multiReward([0.2, 1, 0.7])).toBe(1);
  });

  it('a query more never lowers either of them', () => {
    expect(multiReward([0.2, 0.1, 0.01])).toBeGreaterThan(multiReward([0.2, 0.1]));
    expect(singleReward([0.2, 0.1, 0.01])).toBeGreaterThan(singleReward([0.2, 0.1]));
  });
});
