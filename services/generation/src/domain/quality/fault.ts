/** Why a line is drawn again. Also the label of a metric. */
export type Fault =
  /** Breaks the rule of its line; only backends without a grammar of their own write such lines. */
  | 'malformed'
  /** Says what the user's query, the session, an earlier query of the list, or one that was shown before says. */
  | 'like_query'
  | 'like_history'
  | 'like_list'
  | 'like_shown'
  /** Not in the language of the user's query. */
  | 'language'
  | 'unsafe_topic'
  | 'personal_data'
  /** Repeats the instructions of the prompt. */
  | 'prompt_leak';

const TOLERABLE: ReadonlySet<Fault> = new Set(['like_query', 'like_history', 'like_list', 'like_shown', 'language']);

/** Whether a line with this fault is worse than no line. */
export function mustNotBeShown(fault: Fault): boolean {
  return !TOLERABLE.has(fault);
}
