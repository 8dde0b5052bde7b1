import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion } from '../context.js';

/** A scored list. */
export interface PredictedClicks {
  /** One for each query, in [0, 1]. */
  readonly probabilities: readonly number[];
  readonly model: ModelVersion | undefined;
}

/** A list under construction, and what may come next in it. */
export interface NextPlace {
  /** The queries so far, in order. */
  readonly chosen: readonly string[];
  /** At least one. */
  readonly candidates: readonly string[];
}

/** A scored list under construction. */
export interface PredictedPlace {
  /** One for each query so far, where it stands, in [0, 1]. */
  readonly chosen: readonly number[];
  /** One for each candidate, were it next, in [0, 1]. */
  readonly candidates: readonly number[];
  readonly model: ModelVersion | undefined;
}

/** The click model. What the user saw is no input of it: of the context, it reads the query (Fig. 2 of the paper). */
export interface ClickPredictor {
  /** Scores a list of at least one query. @throws DependencyError, CallEndedError */
  predict(taskId: string, query: string, list: readonly string[], limits: CallLimits): Promise<PredictedClicks>;
  /** Scores what may come next, and what stands before it. @throws DependencyError, CallEndedError */
  predictPlace(taskId: string, query: string, place: NextPlace, limits: CallLimits): Promise<PredictedPlace>;
}

export const CLICK_PREDICTOR = Symbol('ClickPredictor');
