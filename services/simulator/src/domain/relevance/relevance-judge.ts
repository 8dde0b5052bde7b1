import type { SearchTopic, WritingRequest } from '../world/topic.js';
import type { World } from '../world/world.js';
import { BoundedCache } from './bounded-cache.js';
import { type Content, ContentIndex } from './content-index.js';
import { PhraseIndex } from './phrase-index.js';
import { type Expressible, type Judgement, ramp, Scene } from './scene.js';
import { type Reading, stemsOf, Vocabulary } from './vocabulary.js';

const CACHED_TEXTS = 20_000;
const CACHED_ANSWERS = 5_000;
const CACHED_TEXTS_OF_SCENE = 500;
/** Share of a text that a topic accounts for, from which it may be about the topic; the same relative to the nearest topic. */
const BELONGS = { from: 0.2, to: 0.6 };
const NEAREST = { from: 0.4, to: 0.75 };
/** The same from which it is about the topic though it expresses none of its needs. */
const TOPICAL = { from: 0.4, to: 0.8 };
/** A snippet ("shorter") says nothing of the matter. */
const ANY_MATTER: Belonging = { share: 0, surely: 1 };
const NOTHING: Judgement = { fits: [], topical: 0 };

const needsOf = ({ intents }: SearchTopic): Expressible[] => intents.map((intent) => ({ ...intent, about: [intent.need, intent.answer] }));
const refinementsOf = ({ facets }: WritingRequest): Expressible[] => facets.map((facet) => ({ ...facet, about: [facet.becomes] }));
const matterOf = ({ title, entities, intents }: SearchTopic): Content => ({
  own: [title, ...entities, ...intents.flatMap(({ phrasings, concepts }) => [...phrasings, ...concepts.flat()])],
  around: intents.flatMap(({ need, answer }) => [need, answer]),
});

interface Belonging {
  readonly share: number;
  readonly surely: number;
}

/** A scene that is made when it is first asked, and remembers what it judged. */
class CachedScene {
  private readonly judgements = new BoundedCache<Judgement>(CACHED_TEXTS_OF_SCENE);
  private scene: Scene | undefined;

  constructor(private readonly make: () => Scene) {}

  judge(text: string, read: (text: string) => Reading, belonging: () => Belonging): Judgement {
    return this.judgements.get(text, () => {
      this.scene ??= this.make();
      const { fits, topical } = this.scene.judge(read(text));
      const { share, surely } = belonging();
      return { fits: fits.map((fit) => fit * surely), topical: Math.max(topical, ...fits, ramp(share, TOPICAL)) * surely };
    });
  }
}

/**
 * Judges how well any free text expresses a hidden need, by the words that people type for it and by the concepts that it is made
 * of. It shares no code, features or weights with the click predictor or the sentence encoder. Deterministic; texts judged before
 * are answered from a cache.
 */
export class RelevanceJudge {
  private readonly vocabulary: Vocabulary;
  private readonly topics = new Map<string, CachedScene>();
  private readonly requests = new Map<WritingRequest, CachedScene>();
  /** What each search topic as a whole is about. */
  private readonly matters: ContentIndex;
  private readonly topicAt = new Map<string, number>();
  private readonly sharesOf = new BoundedCache<{ readonly shares: Float64Array; readonly most: number }>(CACHED_TEXTS);
  /** All snippets of the world: whether a text is a way of refining any piece of writing at all. */
  private readonly refinements: PhraseIndex;
  private readonly readings = new BoundedCache<Reading>(CACHED_TEXTS);
  /** Words of answers, which are long and which many lists are shown under. */
  private readonly wordsOf = new BoundedCache<ReadonlySet<string>>(CACHED_ANSWERS);
  private readonly knownSnippets = new BoundedCache<number>(CACHED_TEXTS);

  constructor(world: World) {
    this.vocabulary = new Vocabulary(world.synonyms);
    const requests = world.writingTopics.flatMap((topic) => topic.requests);
    const snippets = requests.flatMap(({ facets }) => facets.flatMap(({ phrasings }) => phrasings));
    for (const phrasing of world.searchTopics.flatMap(({ intents }) => intents.flatMap(({ phrasings }) => phrasings))) {
      this.vocabulary.add(phrasing);
    }
    for (const snippet of snippets) this.vocabulary.add(snippet);
    // What a word is worth and may stand for must not depend on which scene is asked first: all words are known before any is.
    const scenes = [...world.searchTopics.map(needsOf), ...requests.map(refinementsOf)];
    for (const { concepts, about } of scenes.flat()) for (const text of [...concepts.flat(), ...about]) this.vocabulary.learn(text);
    for (const { title, entities } of world.searchTopics) for (const text of [title, ...entities]) this.vocabulary.learn(text);

    for (const [at, topic] of world.searchTopics.entries()) {
      this.topicAt.set(topic.id, at);
      this.topics.set(topic.id, new CachedScene(() => new Scene(this.vocabulary, needsOf(topic))));
    }
    for (const request of requests) this.requests.set(request, new CachedScene(() => new Scene(this.vocabulary, refinementsOf(request))));
    const weightOf = (stem: string): number => this.vocabulary.weightOf(stem);
    this.refinements = new PhraseIndex(this.vocabulary, weightOf, [snippets]);
    this.matters = new ContentIndex(this.vocabulary, weightOf, world.searchTopics.map(matterOf));
  }

  /** How well a text expresses each intent of a topic. */
  intents(topic: SearchTopic, text: string): Judgement {
    return this.topics.get(topic.id)?.judge(text, this.read, () => this.belonging(topic, text)) ?? NOTHING;
  }

  /** How surely a text is about a topic as a whole: what the topic accounts for of it, compared with what the nearest topic does. */
  private belonging(topic: SearchTopic, text: string): Belonging {
    const { shares, most } = this.sharesOf.get(text, () => {
      const found = new Float64Array(this.topicAt.size);
      this.matters.account(this.read(text), found);
      return { shares: found, most: found.reduce((best, share) => Math.max(best, share), Number.EPSILON) };
    });
    const share = shares[this.topicAt.get(topic.id) ?? -1] ?? 0;
    return { share, surely: ramp(share, BELONGS) * ramp(share / most, NEAREST) };
  }

  /** How well a snippet expresses each facet of a piece of writing; `topical` says whether it refines texts of any kind. */
  facets(request: WritingRequest, text: string): Judgement {
    const { fits } = this.requests.get(request)?.judge(text, this.read, () => ANY_MATTER) ?? NOTHING;
    const known = this.knownSnippets.get(text, () => {
      const best = new Float64Array(1);
      this.refinements.match(this.read(text), best);
      return best[0] ?? 0;
    });
    return { fits, topical: Math.max(known, ...fits) };
  }

  /** How much two texts say the same in the same words, in [0, 1]: weighted Dice coefficient. */
  similarity(a: string, b: string): number {
    const [first, second] = [this.read(a), this.read(b)];
    let shared = 0;
    for (const [at, stem] of first.stems.entries()) {
      if (second.stems.includes(stem)) shared += 2 * (first.weights[at] ?? 0);
    }
    const total = first.total + second.total;
    return total === 0 ? 0 : shared / total;
  }

  /** Share of the words of a text, weighted by how telling they are, that another text has. */
  containment(text: string, within: string): number {
    if (within === '') return 0;
    const { stems, weights, total } = this.read(text);
    const all = this.wordsOf.get(within, () => new Set(stemsOf(within)));
    let found = 0;
    for (const [at, stem] of stems.entries()) if (all.has(stem)) found += weights[at] ?? 0;
    return total === 0 ? 0 : found / total;
  }

  private readonly read = (text: string): Reading => this.readings.get(text, () => this.vocabulary.read(text));
}
