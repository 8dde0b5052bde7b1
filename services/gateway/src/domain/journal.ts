import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion, SearchContext, Traffic } from './context.js';

/** How a user came to a query. Only typed ones make co-occurrence pairs. */
export type QueryOrigin = 'typed' | 'recommendation';

/** Where a shown query came from. */
export type Source = 'generation' | 'cooccurrence' | 'popular';

/** How a list was drawn. */
export interface Decoding {
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: bigint;
  /** Lists in the pool from which it was drawn; 0 or 1 when it was written for this call. */
  readonly poolSize: number;
  /** Penalty on tokens that the list already had; 1 is none. */
  readonly repetitionPenalty: number;
  /** Nats by which the logit of a token that the list already had was lowered; 0 is none. */
  readonly diversity: number;
}

/** One query of a shown list. */
export interface ShownQuery {
  readonly text: string;
  /** 1-based. */
  readonly position: number;
  readonly source: Source;
  readonly clickProbability: number | undefined;
  readonly logPropensity: number | undefined;
}

/** A query that a user asked. */
export interface UserQuery {
  readonly eventId: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Milliseconds since the epoch, here and below. */
  readonly occurredAt: number;
  readonly query: string;
  readonly origin: QueryOrigin;
  readonly traffic: Traffic;
}

/** A list that is shown, with everything that is needed to learn from it. */
export interface Impression {
  readonly impressionId: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly occurredAt: number;
  readonly taskId: string;
  readonly context: SearchContext;
  /** Co-occurrence queries that the models saw: the one that writes, and the one that predicts clicks. */
  readonly cooccurrenceQueries: readonly string[];
  readonly queries: readonly ShownQuery[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly modelVersions: readonly ModelVersion[];
  readonly promptVersion: string;
  readonly decoding: Decoding | undefined;
  /** Empty unless degraded. */
  readonly degradedReason: string;
  readonly traffic: Traffic;
}

/** A click on a shown query. */
export interface Click {
  /** Impression id, "#", position: the same click has the same id however often it is sent. */
  readonly eventId: string;
  readonly impressionId: string;
  readonly sessionId: string;
  readonly occurredAt: number;
  readonly position: number;
  readonly traffic: Traffic;
}

/** The durable record of what users asked, saw and clicked. What is recorded survives kill -9 once the promise resolves. */
export interface Journal {
  /** Both or neither. @throws DependencyError of "log", CallEndedError */
  recordRecommendation(query: UserQuery, impression: Impression | undefined, limits: CallLimits): Promise<void>;
  /** All or none. @throws DependencyError of "log", CallEndedError */
  recordClicks(clicks: readonly Click[], limits: CallLimits): Promise<void>;
}

export const JOURNAL = Symbol('Journal');
