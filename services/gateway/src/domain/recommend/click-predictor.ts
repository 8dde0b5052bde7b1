import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion, SearchContext } from '../context.js';

/** A scored list. */
export interface PredictedClicks {
  /** One for each query, in [0, 1]. */
  readonly probabilities: readonly number[];
  /** Eq. 3. */
  readonly multiReward: number;
  /** Eq. 4. */
  readonly singleReward: number;
  readonly model: ModelVersion | undefined;
}

/** A list under construction, and what may come next in it. */
export interface NextPlace {
  /** The queries so far, in order. */
  readonly chosen: readonly string[];
  /** At least one. */
  readonly candidates: readonly string[];
}

/** The click model. */
export interface ClickPredictor {
  /** Scores a list of at least one query. @throws DependencyError, CallEndedError */
  predict(taskId: string, context: SearchContext, queries: readonly string[], limits: CallLimits): Promise<PredictedClicks>;
  /** Click probability of each candidate, in [0, 1], were it next in the list. @throws DependencyError, CallEndedError */
  predictNext(taskId: string, context: SearchContext, place: NextPlace, limits: CallLimits): Promise<readonly number[]>;
}

export const CLICK_PREDICTOR = Symbol('ClickPredictor');
