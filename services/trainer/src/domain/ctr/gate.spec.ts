import { describe, expect, it } from 'vitest';
import { shortcomings, testResultIn } from './gate.js';

const baselines = {
  mean: { auc: 0.5, logloss: 0.4, loglossDifferenceError: 0.002 },
  position: { auc: 0.6, logloss: 0.38, loglossDifferenceError: 0.002 },
};

describe('the gate', () => {
  it('passes a model that is no worse than the baselines, equal ones included', () => {
    expect(shortcomings({ model: { auc: 0.7, logloss: 0.3 }, baselines })).toEqual([]);
    expect(shortcomings({ model: { auc: 0.6, logloss: 0.38 }, baselines })).toEqual([]);
  });

  it('names every figure that is worse, and than what', () => {
    expect(shortcomings({ model: { auc: 0.55, logloss: 0.39 }, baselines })).toEqual([
      'its logloss of 0.3900 is above the 0.3800 of the position alone by more than chance',
      'its AUC of 0.5500 is below the 0.6000 of the position alone',
    ]);
    expect(shortcomings({ model: { auc: 0.4, logloss: 0.5 }, baselines })).toHaveLength(4);
  });

  it('takes a logloss for worse only beyond a standard error of the difference', () => {
    expect(shortcomings({ model: { auc: 0.6, logloss: 0.3819 }, baselines })).toEqual([]);
    expect(shortcomings({ model: { auc: 0.6, logloss: 0.3821 }, baselines })).toHaveLength(1);
  });

  it('passes no model whose figures are missing or not a number', () => {
    expect(shortcomings({ model: { auc: null, logloss: NaN }, baselines })).toHaveLength(4);
  });

  it('reads what the learner reports, and refuses a report without it', () => {
    const metrics = { test: { model: { auc: null, logloss: 0.3, aucByTask: {} }, baselines } };
    expect(testResultIn(metrics)).toEqual({ model: { auc: null, logloss: 0.3 }, baselines });
    expect(() => testResultIn({ test: { model: { auc: 0.7, logloss: 0.3 } } })).toThrow('the learner reported no logloss');
  });
});
