import { RunFailedError } from '../runs/errors.js';

/** How well clicks were predicted on the test slice. */
export interface Quality {
  /** Probability that a clicked query is ranked above one that was not; null if there is but one class. */
  readonly auc: number | null;
  /** Mean negative log-likelihood of a query's click, in nats. */
  readonly logloss: number;
}

/** How well a predictor did that reads no text. */
export interface Baseline extends Quality {
  /** Standard error of the difference between the model's logloss and this one's, in nats. */
  readonly loglossDifferenceError: number;
}

/** A model, and what it must not be worse than, on the same queries. */
export interface TestResult {
  readonly model: Quality;
  readonly baselines: {
    /** Always predicts the click rate of the training slice. */
    readonly mean: Baseline;
    /** Predicts the click rate of the training slice at the query's task and position. */
    readonly position: Baseline;
  };
}

const names = { mean: 'always predicting the mean', position: 'the position alone' } as const;
const figure = (value: number | null): string => (value === null ? 'unknown' : value.toFixed(4));

function qualityIn(value: unknown): Quality {
  const { auc, logloss } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof logloss !== 'number')
    throw new RunFailedError('the learner reported no logloss of the test slice; this is a fault of the learner');
  return { auc: typeof auc === 'number' ? auc : null, logloss };
}

function baselineIn(value: unknown): Baseline {
  const { loglossDifferenceError: error } = (value ?? {}) as Partial<Record<string, unknown>>;
  return { ...qualityIn(value), loglossDifferenceError: typeof error === 'number' ? error : 0 };
}

/** Reads what the learner measured on the test slice. @throws RunFailedError */
export function testResultIn(metrics: Readonly<Record<string, unknown>>): TestResult {
  const { model, baselines } = (metrics['test'] ?? {}) as Partial<Record<string, unknown>>;
  const { mean, position } = (baselines ?? {}) as Partial<Record<string, unknown>>;
  return { model: qualityIn(model), baselines: { mean: baselineIn(mean), position: baselineIn(position) } };
}

/**
 * Everything in which a model is worse than a baseline; nothing if it may ship. A figure that is missing is worse.
 *
 * A logloss is worse if it is so by more than a standard error: a test slice of some hundred lists has some dozen clicks, and tells no
 * finer. An AUC has to be as high as the baseline's in any case, since ranking is what the model is for.
 */
export function shortcomings({ model, baselines }: TestResult): string[] {
  return (['mean', 'position'] as const).flatMap((name) => {
    const baseline = baselines[name];
    const found: string[] = [];
    if (!(model.logloss - baseline.logloss <= baseline.loglossDifferenceError)) {
      found.push(`its logloss of ${figure(model.logloss)} is above the ${figure(baseline.logloss)} of ${names[name]} by more than chance`);
    }
    if (model.auc === null || !(model.auc >= (baseline.auc ?? 0.5))) {
      found.push(`its AUC of ${figure(model.auc)} is below the ${figure(baseline.auc)} of ${names[name]}`);
    }
    return found;
  });
}
