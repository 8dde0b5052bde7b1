/** Tasks whose layout the simulated users know. */
export const TASK_IDS = ['suggestion', 'clarification', 'hint'] as const;
export type TaskId = (typeof TASK_IDS)[number];

/** A taste that part of the users share. */
export interface Segment {
  readonly id: string;
  readonly share: number;
  /** Factor on the usual length of a query. */
  readonly length: number;
  /** Factor on the attractiveness of a query that is worded as a question; its inverse applies to keywords. */
  readonly questions: number;
}

/** How a task's list is laid out, and how eagerly it is used. */
export interface Layout {
  /** Factor that sets the level of the click rate. */
  readonly strength: number;
  /** Worth of a query that is about the matter but expresses no known need. */
  readonly topical: number;
  /** Probability that a position is looked at, from the first on. */
  readonly examination: readonly number[];
  /** Factor from one position to the next after the last of `examination`. */
  readonly examinationTail: number;
  /** Probability that a user goes on with the list after a click. */
  readonly continueAfterClick: number;
  /** Probability that a query that is looked at is clicked for no reason. */
  readonly noise: number;
  /** Usual number of words of a query. */
  readonly words: number;
  /** Standard deviation of the logarithm of the length up to which users put up with it. */
  readonly wordsSpread: number;
}

/** How tastes and interests move from day to day; zeros leave them as they are. */
export interface Drift {
  /** Relative change a day of the length that people like. */
  readonly lengthPerDay: number;
  /** Relative change a day of the liking for questions. */
  readonly questionsPerDay: number;
  /** How far the popularity of topics swings up and down, on the log scale; each topic at its own time. */
  readonly topicSwing: number;
  readonly topicPeriodDays: number;
}

/** Something that happens in the world from one day to another, counted from the beginning of the simulated time. */
export type WorldEvent = { readonly fromDay: number; readonly toDay: number } & (
  | { readonly kind: 'trend'; readonly topic: string; readonly factor: number }
  | { readonly kind: 'bots'; readonly share: number; readonly clicks: number }
);

/** How simulated people behave. Every parameter, its meaning and its source are in `world/behaviour.yaml`. */
export interface Behaviour {
  readonly population: {
    readonly neverClick: number;
    readonly appetiteSpread: number;
    readonly activitySpread: number;
    readonly initiative: number;
    readonly initiativeSpread: number;
  };
  readonly segments: readonly Segment[];
  readonly sessions: {
    readonly topicExponent: number;
    readonly phrasingExponent: number;
    readonly leaveFactor: number;
    readonly otherTopic: number;
    readonly hint: number;
    readonly contentWithDraft: number;
    readonly typesSnippet: number;
    readonly maxTurns: number;
    readonly secondsToRead: number;
    readonly secondsToClick: number;
    readonly secondsSpread: number;
  };
  readonly clicks: {
    readonly curiosity: number;
    readonly sharpness: number;
    readonly repetition: number;
    readonly answered: number;
    readonly redundancy: number;
    readonly clutter: number;
    readonly fatigue: number;
    readonly stammer: number;
    readonly assistantVoice: number;
    readonly recognised: number;
  };
  readonly layouts: Readonly<Record<TaskId, Layout>>;
  readonly drift: Drift;
  readonly events: readonly WorldEvent[];
}
