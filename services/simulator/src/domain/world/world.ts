import { WordSenses } from '../relevance/word-senses.js';
import { type Split, splitOf } from './split.js';
import type { Intent, SearchTopic, Topic, WritingTopic } from './topic.js';

/** An intent in its topic. */
export interface Stop {
  readonly topic: SearchTopic;
  readonly intent: Intent;
}

/** What is known of words over all topics. */
export interface Language {
  /** Groups of words that people use for one another. */
  readonly synonyms: readonly (readonly string[])[];
  readonly senses: WordSenses;
}

const PLAIN_LANGUAGE: Language = { synonyms: [], senses: WordSenses.none };

const wording = (text: string): string => text.trim().toLowerCase();

/** Everything that simulated users may want and say. Immutable. */
export class World {
  private readonly byId: ReadonlyMap<string, Topic>;
  private readonly byPhrasing = new Map<string, Stop>();

  constructor(
    readonly topics: readonly Topic[],
    readonly language: Language = PLAIN_LANGUAGE,
  ) {
    this.byId = new Map(topics.map((topic) => [topic.id, topic]));
    for (const topic of this.searchTopics) {
      for (const intent of topic.intents) {
        for (const phrasing of intent.phrasings) this.byPhrasing.set(wording(phrasing), { topic, intent });
      }
    }
  }

  /** Whose very words a text is. */
  findPhrasing(text: string): Stop | undefined {
    return this.byPhrasing.get(wording(text));
  }

  topic(id: string): Topic | undefined {
    return this.byId.get(id);
  }

  /** Topics of a split. */
  of(split: Split): Topic[] {
    return this.topics.filter(({ id }) => splitOf(id) === split);
  }

  /** The world with nothing but the topics of a split. */
  only(split: Split): World {
    return new World(this.of(split), this.language);
  }

  get searchTopics(): SearchTopic[] {
    return this.topics.filter((topic) => topic.kind === 'search');
  }

  get writingTopics(): WritingTopic[] {
    return this.topics.filter((topic) => topic.kind === 'writing');
  }
}
