import { describe, expect, it } from 'vitest';
import { Budget } from './budget.js';

const settings = { cooccurrenceMs: 150, ctrMs: 500, logMs: 500, marginMs: 20 };

describe('the time of a request', () => {
  it('goes to generation, but for a reserve in which the list is scored and logged', () => {
    const budget = new Budget(settings, 10_000, () => 0);
    expect([budget.cooccurrence(), budget.generation(), budget.ctr(), budget.log()]).toEqual([150, 8_980, 500, 500]);
  });

  it('is shared out in proportion when it is short', () => {
    const budget = new Budget(settings, 100, () => 0);
    expect([budget.cooccurrence(), budget.generation(), budget.ctr(), budget.log()]).toEqual([20, 50, 70, 90]);
  });

  it('shrinks as it goes by, and never below nothing', () => {
    let now = 0;
    const budget = new Budget(settings, 10_000, () => now);
    now = 8_000;
    expect([budget.generation(), budget.ctr(), budget.log()]).toEqual([980, 500, 500]);
    now = 9_400;
    expect([budget.generation(), budget.ctr(), budget.log()]).toEqual([0, 80, 500]);
    now = 11_000;
    expect([budget.cooccurrence(), budget.generation(), budget.ctr(), budget.log()]).toEqual([0, 0, 0, 0]);
  });
});
