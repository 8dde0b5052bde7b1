/** A finished exchange of a session. */
export interface Turn {
  readonly query: string;
  readonly response: string;
}

/** What the user has asked and seen: the inputs of a prompt. */
export interface SearchContext {
  readonly query: string;
  readonly response: string;
  /** Oldest first. */
  readonly history: readonly Turn[];
  readonly sideInformation: Readonly<Record<string, string>>;
}

/** A model that took part in an answer. */
export interface ModelVersion {
  readonly kind: string;
  readonly version: string;
}

export type Traffic = 'live' | 'simulated';

const MAX_TURNS = 50;
const MAX_CHARACTERS = 64_000;

/**
 * The context without those of its oldest turns that no prompt has room for. Prompts hold some hundred tokens, while the contract takes
 * up to 4.4 million characters of history: passed on whole, they would be copied to two services and into the event log.
 */
export function withRecentHistory(context: SearchContext): SearchContext {
  const recent: Turn[] = [];
  let characters = 0;
  for (const turn of context.history.slice(-MAX_TURNS).reverse()) {
    characters += turn.query.length + turn.response.length;
    if (characters > MAX_CHARACTERS) break;
    recent.unshift(turn);
  }
  return { ...context, history: recent };
}
