import type { Meaning } from '../click/click-model.js';
import type { Random } from '../random/random.js';
import type { TaskId } from './behaviour.js';

/** What the user asks, and what the assistant answers; the answer is empty if the world has none. */
export interface Exchange {
  readonly query: string;
  readonly response: string;
}

/** A query as it is shown and as it is asked when it is clicked. */
export interface ShownQuery {
  readonly text: string;
  readonly query: string;
}

/**
 * The way of a user from need to need through the world; all of it is hidden but the exchanges. At every stop the user has a need
 * for what comes next, or none.
 */
export interface Journey {
  /** The task whose list stands under an answer. */
  readonly task: TaskId;
  /** Whether a hint in the search box makes sense. */
  readonly takesHints: boolean;
  readonly current: Exchange;
  /** What a shown query means to the user now. */
  meaningOf(text: string): Meaning;
  /** Goes where a clicked query leads. */
  follow(clicked: ShownQuery, random: Random): void;
  /** Goes where the user's own need leads; false if there is none. */
  proceed(random: Random): boolean;
}
