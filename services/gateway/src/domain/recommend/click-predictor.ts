import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion, SearchContext } from '../context.js';

/** A place in a list under construction, and what may stand there. */
export interface Place {
  /** The queries before it, in order. */
  readonly chosen: readonly string[];
  /** At least one. */
  readonly candidates: readonly string[];
}

/** Scored places. */
export interface PredictedPlaces {
  /** For each place one probability in [0, 1] for each of its candidates, were it there. */
  readonly probabilities: readonly (readonly number[])[];
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
  /** Scores at least one place. @throws DependencyError, CallEndedError */
  predict(asked: Asked, places: readonly Place[], limits: CallLimits): Promise<PredictedPlaces>;
}

export const CLICK_PREDICTOR = Symbol('ClickPredictor');
