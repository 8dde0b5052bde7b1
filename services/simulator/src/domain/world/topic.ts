/** A step to another intent of the topic, with its relative frequency. */
export interface Transition {
  readonly to: string;
  readonly weight: number;
}

/** A need that people have in a topic. Which one a user has is hidden from everything outside this service. */
export interface Intent {
  readonly id: string;
  readonly need: string;
  /** Relative frequency with which a session about the topic starts here. */
  readonly share: number;
  /** What different people type for it; the most usual first. */
  readonly phrasings: readonly string[];
  /** Groups of interchangeable words or short phrases; the first group sets the intent apart, the last names the topic. */
  readonly concepts: readonly (readonly string[])[];
  /** The assistant's answer. */
  readonly answer: string;
  readonly next: readonly Transition[];
  /** How often the topic is left here, and the ids of the topics where people then go. */
  readonly leave: { readonly weight: number; readonly to: readonly string[] };
}

/** A way in which people refine one piece of writing. */
export interface Facet {
  readonly id: string;
  readonly weight: number;
  /** Snippets of a few words. */
  readonly phrasings: readonly string[];
  readonly concepts: readonly (readonly string[])[];
  /** The whole request that a user types for it. */
  readonly becomes: string;
}

/** A piece of writing that people ask for. */
export interface WritingRequest {
  readonly id: string;
  readonly share: number;
  readonly phrasings: readonly string[];
  /** The assistant's first draft. */
  readonly draft: string;
  readonly facets: readonly Facet[];
}

interface TopicBase {
  readonly id: string;
  readonly domain: string;
  readonly title: string;
  /** Relative frequency of sessions about it. */
  readonly popularity: number;
  readonly entities: readonly string[];
}

/** A topic in which people look for answers (tasks "suggestion" and "hint"). */
export interface SearchTopic extends TopicBase {
  readonly kind: 'search';
  readonly intents: readonly Intent[];
}

/** A topic in which people have something written (task "clarification"). */
export interface WritingTopic extends TopicBase {
  readonly kind: 'writing';
  readonly requests: readonly WritingRequest[];
}

export type Topic = SearchTopic | WritingTopic;
