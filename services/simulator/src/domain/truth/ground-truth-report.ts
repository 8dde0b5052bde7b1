import { TASK_IDS, type TaskId } from '../population/behaviour.js';
import type { GroundTruth, ShownList } from './ground-truth.js';

/** A list with the name of what made it. */
export interface PolicyList extends ShownList {
  readonly policy: string;
  /** If it was logged. */
  readonly impressionId?: string | undefined;
}

/** What a policy's lists of one task are worth. */
export interface TrueFigures {
  readonly lists: number;
  /** Lists under moments that this world does not know; they are left out of the rate. */
  readonly unplaced: number;
  /** Exact expected share of lists with a click. */
  readonly expectedClickRate: number;
}

/** For evaluation only: nothing that learns may read it. */
export interface GroundTruthReport {
  readonly traffic: 'simulated';
  readonly warning: string;
  readonly policies: Readonly<Record<string, Readonly<Partial<Record<TaskId, TrueFigures>>>>>;
}

export function groundTruthReport(truth: GroundTruth, lists: Iterable<PolicyList>): GroundTruthReport {
  const sums = new Map<string, Map<TaskId, { lists: number; unplaced: number; rate: number }>>();
  for (const list of lists) {
    const ofPolicy = sums.get(list.policy) ?? new Map<TaskId, { lists: number; unplaced: number; rate: number }>();
    sums.set(list.policy, ofPolicy);
    const sum = ofPolicy.get(list.task) ?? { lists: 0, unplaced: 0, rate: 0 };
    ofPolicy.set(list.task, sum);
    const rate = truth.expectedClickRate(list);
    if (rate === undefined) sum.unplaced++;
    else {
      sum.lists++;
      sum.rate += rate;
    }
  }
  const figures = (ofPolicy: Map<TaskId, { lists: number; unplaced: number; rate: number }>) =>
    Object.fromEntries(
      TASK_IDS.flatMap((task) => {
        const sum = ofPolicy.get(task);
        if (sum === undefined) return [];
        return [[task, { lists: sum.lists, unplaced: sum.unplaced, expectedClickRate: sum.lists === 0 ? 0 : sum.rate / sum.lists }]];
      }),
    );
  return {
    traffic: 'simulated',
    warning: 'ground truth of the simulated world: for evaluation only, nothing that learns may read it',
    policies: Object.fromEntries([...sums].map(([policy, ofPolicy]) => [policy, figures(ofPolicy)])),
  };
}

/** The click probabilities of a logged list, as services/learner reads them to judge a click predictor. */
export interface ImpressionTruth {
  readonly impressionId: string;
  /** Of each query, in order of position. */
  readonly clickProbabilities: readonly number[];
}

/** Click probabilities of the lists that were logged, save those under moments that this world does not know. */
export function impressionTruths(truth: GroundTruth, lists: Iterable<PolicyList>): ImpressionTruth[] {
  return [...lists].flatMap((list) => {
    const clickProbabilities = list.impressionId === undefined ? undefined : truth.clickProbabilities(list);
    return list.impressionId === undefined || clickProbabilities === undefined
      ? []
      : [{ impressionId: list.impressionId, clickProbabilities }];
  });
}
