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

/** The click model. */
export interface ClickPredictor {
  /** Scores a list of at least one query. @throws DependencyError, CallEndedError */
  predict(taskId: string, context: SearchContext, queries: readonly string[], limits: CallLimits): Promise<PredictedClicks>;
}

export const CLICK_PREDICTOR = Symbol('ClickPredictor');
