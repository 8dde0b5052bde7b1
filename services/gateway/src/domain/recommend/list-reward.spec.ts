import { describe, expect, it } from 'vitest';
import { listReward } from './list-reward.js';

describe('the reward of a list', () => {
  it('is the probability of at least one click', () => {
    expect(listReward('multi', [0.5, 0.25])).toBeCloseTo(0.625);
    expect(listReward('multi', [])).toBe(0);
  });

  it('or the expected number of clicks', () => {
    expect(listReward('single', [0.5, 0.25])).toBeCloseTo(0.75);
    expect(listReward('single', [])).toBe(0);
  });
});
