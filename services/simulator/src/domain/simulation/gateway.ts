import type { TaskId } from '../population/behaviour.js';
import type { Exchange, ShownQuery } from '../population/journey.js';
import type { Origin } from '../population/session.js';

/** A list is asked for. Everything that leaves the service is in this and in `ClickReport`. */
export interface RecommendCall {
  readonly task: TaskId;
  readonly sessionId: string;
  readonly userId: string;
  readonly query: string;
  readonly response: string;
  readonly history: readonly Exchange[];
  readonly origin: Origin;
  /** When the user asks; undefined for now. */
  readonly occurredAt: Date | undefined;
}

/** The list that was recommended; without queries there is nothing to show, and no impression. */
export interface RecommendedList {
  readonly impressionId: string;
  readonly queries: readonly ShownQuery[];
  readonly degraded: boolean;
  /** Whether it was made up of what others asked, because the language model had none or not enough in time. */
  readonly makeshift: boolean;
  /** What made the list: the version of a language model policy, or what took its place. */
  readonly policy: string;
}

/** Clicks on a list. */
export interface ClickReport {
  readonly impressionId: string;
  readonly sessionId: string;
  readonly clicks: readonly { readonly position: number; readonly text: string; readonly occurredAt: Date | undefined }[];
}

/** What the users talk to, as a search backend would. A failed call throws one of the errors below. */
export interface Gateway {
  recommend(call: RecommendCall, signal: AbortSignal): Promise<RecommendedList>;
  recordClicks(report: ClickReport, signal: AbortSignal): Promise<void>;
}

/** The gateway is full and said when to come back. */
export class GatewayFullError extends Error {
  override readonly name = 'GatewayFullError';
  constructor(readonly retryAfterMs: number) {
    super(`the gateway is full for ${retryAfterMs} ms`);
  }
}

/** The gateway did not do what was asked this time: it is restarting, was too slow, or did not like the call. */
export class CallFailedError extends Error {
  override readonly name = 'CallFailedError';
  /** @param reason machine-readable, such as "UNAVAILABLE" */
  constructor(readonly reason: string) {
    super(`the gateway answered ${reason}`);
  }
}

/** The gateway will never do what is asked, so that going on is pointless. */
export class GatewayRefusesError extends Error {
  override readonly name = 'GatewayRefusesError';
}
