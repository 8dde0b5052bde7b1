/** Who was asking. */
export type Traffic = 'live' | 'simulated';

/** How a user came to a query: by own initiative, or by clicking a recommended one. */
export type QueryOrigin = 'typed' | 'recommendation';

/** A query that a user asked. */
export interface UserQuery {
  readonly kind: 'user-query';
  readonly eventId: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly query: string;
  readonly origin: QueryOrigin;
  readonly traffic: Traffic;
}

/** Where a shown query came from. */
export type Source = 'unspecified' | 'generation' | 'cooccurrence' | 'popular';

/** One query of a shown list. */
export interface ShownQuery {
  readonly text: string;
  /** 1-based. */
  readonly position: number;
  readonly source: Source;
  readonly clickProbability?: number | undefined;
  readonly logPropensity?: number | undefined;
}

/** How a list was drawn. */
export interface Decoding {
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: bigint;
  readonly poolSize: number;
}

/** A list that was shown, with everything that is needed to train on it. */
export interface Impression {
  readonly kind: 'impression';
  readonly impressionId: string;
  readonly sessionId: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly taskId: string;
  readonly query: string;
  readonly response: string;
  readonly history: readonly { readonly query: string; readonly response: string }[];
  readonly sideInformation: Readonly<Record<string, string>>;
  readonly cooccurrenceQueries: readonly string[];
  readonly queries: readonly ShownQuery[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly modelVersions: readonly { readonly kind: string; readonly version: string }[];
  readonly promptVersion: string;
  readonly decoding?: Decoding | undefined;
  readonly experimentArms: readonly { readonly experiment: string; readonly arm: string }[];
  readonly degradedReason: string;
  readonly traffic: Traffic;
}

/** A click on a shown query. */
export interface Click {
  readonly kind: 'click';
  readonly eventId: string;
  readonly impressionId: string;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  /** 1-based. */
  readonly position: number;
  readonly traffic: Traffic;
}

export type Event = UserQuery | Impression | Click;
export type EventKind = Event['kind'];

export const eventKinds: readonly EventKind[] = ['user-query', 'impression', 'click'];

/** The id by which a second copy of an event is known. */
export function idOf(event: Event): string {
  return event.kind === 'impression' ? event.impressionId : event.eventId;
}
