import { describe, expect, it } from 'vitest';
import { RestartPolicy } from './restart-policy.js';

const options = { firstDelayMs: 100, longestDelayMs: 1_000, stableMs: 60_000, crashLoopAfter: 3 };

describe('RestartPolicy', () => {
  it('doubles the wait at every death up to a bound, and never gives up', () => {
    const policy = new RestartPolicy(options);
    expect(Array.from({ length: 6 }, () => policy.died(undefined).delayMs)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('calls it a crash loop from the third death in a row', () => {
    const policy = new RestartPolicy(options);
    expect([policy.died(10), policy.died(undefined), policy.died(5)].map(({ crashLoop }) => crashLoop)).toEqual([false, false, true]);
  });

  it('begins anew after a service was ready for long', () => {
    const policy = new RestartPolicy(options);
    policy.died(undefined);
    policy.died(undefined);
    expect(policy.died(60_000)).toEqual({ delayMs: 100, deathsInARow: 1, crashLoop: false });
  });
});
