import type { ModelVersion } from '../context.js';
import type { Decoding, ShownQuery } from '../journal.js';
import type { Degradation } from './degradation.js';
import type { NextQuery } from './next-queries.js';
import type { PhaseTiming } from './phases.js';
import type { Usage } from './query-writer.js';

/** A recommended query. */
export interface Recommendation extends ShownQuery {
  /** The query to ask when it is clicked. */
  readonly query: string;
}

/** How an answer came about. */
export interface Explanation {
  /** Co-occurrence queries that were given to the model. */
  readonly cooccurrence: readonly NextQuery[];
  readonly prompt: string;
  readonly promptVersion: string;
  readonly decoding: Decoding | undefined;
  readonly listReward: number | undefined;
  readonly usage: Usage | undefined;
}

export interface Answer {
  /** Empty if the list is empty or the impression could not be logged. */
  readonly impressionId: string;
  readonly sessionId: string;
  readonly recommendations: readonly Recommendation[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly modelVersions: readonly ModelVersion[];
  readonly timings: readonly PhaseTiming[];
  readonly degradation: Degradation | undefined;
  readonly explanation: Explanation | undefined;
}

/** A piece of an answer under way. */
export type AnswerPiece =
  | { readonly kind: 'auxiliary_texts'; readonly texts: Readonly<Record<string, string>> }
  | { readonly kind: 'recommendation'; readonly recommendation: Recommendation };
