import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion, SearchContext } from '../context.js';

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

/** For whom clicks are predicted. */
export interface Asked {
  readonly taskId: string;
  readonly context: SearchContext;
  /** What users asked next, as it was given to the language model. */
  readonly cooccurrenceQueries: readonly string[];
}

/** The click model. Whether it reads more than the query (Fig. 2 of the paper) depends on the variant that serves. */
export interface ClickPredictor {
  /** Scores a list of at least one query. @throws DependencyError, CallEndedError */
  predict(asked: Asked, list: readonly string[], limits: CallLimits): Promise<PredictedClicks>;
  /** Scores what may come next, and what stands before it. @throws DependencyError, CallEndedError */
  predictPlace(asked: Asked, place: NextPlace, limits: CallLimits): Promise<PredictedPlace>;
}

export const CLICK_PREDICTOR = Symbol('ClickPredictor');
