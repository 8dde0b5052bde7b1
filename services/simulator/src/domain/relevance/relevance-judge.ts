import type { SearchTopic, WritingRequest } from '../world/topic.js';
import type { World } from '../world/world.js';
import { BoundedCache } from './bounded-cache.js';
import { type Content, ContentIndex } from './content-index.js';
import { PhraseIndex } from './phrase-index.js';
import { ramp } from './ramp.js';
import { type Expressible, type Judgement, Scene } from './scene.js';
import { SenseIndex } from './sense-index.js';
import { type Sense, SenseTable, TextSenses } from './text-senses.js';
import { type Reading, stemsOf, Vocabulary } from './vocabulary.js';

const CACHED_TEXTS = 20_000;
const CACHED_ANSWERS = 5_000;
const CACHED_TEXTS_OF_SCENE = 500;
/** Share of a text that a topic accounts for, from which it may be about the topic; the same relative to the nearest topic. */
const BELONGS = { from: 0.2, to: 0.6 };
const NEAREST = { from: 0.4, to: 0.75 };
/** The same from which it is about the topic though it expresses none of its needs. */
const TOPICAL = { from: 0.4, to: 0.8 };
/** How like a topic a text is in meaning, relative to the topic that it is most like, from which its meaning counts, and counts in full. */
const SAME_MATTER = { from: 0, to: 0.4 };
/** Share of a text that some topic accounts for, from which it may be, and is, plainly about that one, whatever it may mean in another. */
const ELSEWHERE = { from: 0.8, to: 1 };
/** A snippet ("shorter") says nothing of the matter. */
const ANY_MATTER: Belonging = { inWords: () => ({ share: 0, surely: 1 }), inMeaning: () => 1 };
/** A text that expresses a need this well in words says it plainly. */
const PLAIN = 0.8;
const NOTHING: Judgement = { fits: [], topical: 0 };

const needsOf = ({ intents }: SearchTopic): Expressible[] => intents.map((intent) => ({ ...intent, about: [intent.need, intent.answer] }));
const refinementsOf = ({ facets }: WritingRequest): Expressible[] => facets.map((facet) => ({ ...facet, about: [facet.becomes] }));
const matterOf = ({ title, entities, intents }: SearchTopic): Content => ({
  own: [title, ...entities, ...intents.flatMap(({ phrasings, concepts }) => [...phrasings, ...concepts.flat()])],
  around: intents.flatMap(({ need, answer }) => [need, answer]),
});

/** How surely a text is about a topic, in [0, 1]. */
interface Belonging {
  /** By its words, and the share of the text that the topic accounts for. */
  readonly inWords: () => { readonly share: number; readonly surely: number };
  /** By what it means. */
  readonly inMeaning: () => number;
}

interface Readers {
  readonly words: (text: string) => Reading;
  readonly sense: (text: string) => Sense;
}

/** By topic, how much of a text is about it; and the most that is about any. */
interface Matters {
  readonly each: Float64Array;
  readonly most: number;
}
const mattersOf = (each: Float64Array): Matters => ({
  each,
  most: each.reduce((best, share) => Math.max(best, share), Number.EPSILON),
});

/** Made when it is first asked for: most is not needed for long, and the service starts sooner. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** A scene that is made when it is first asked, and remembers what it judged. */
class CachedScene {
  private readonly judgements = new BoundedCache<Judgement>(CACHED_TEXTS_OF_SCENE);

  constructor(
    private readonly scene: () => Scene,
    private readonly senses: () => SenseIndex,
  ) {}

  /** By the words of a text; where they do not say it plainly, by what it means if that says more. */
  judge(text: string, read: Readers, belonging: Belonging): Judgement {
    return this.judgements.get(text, () => {
      const said = this.scene().judge(read.words(text));
      const { share, surely } = belonging.inWords();
      const inWords = said.fits.map((fit) => fit * surely);
      const topical = Math.max(said.topical, ...said.fits, ramp(share, TOPICAL)) * surely;
      const meant = Math.max(...inWords) >= PLAIN ? [] : this.senses().match(read.sense(text), inWords);
      if (!meant.some((each) => each > 0)) return { fits: inWords, topical };
      const inMeaning = said.focus * belonging.inMeaning();
      const fits = inWords.map((fit, at) => Math.max(fit, inMeaning * (meant[at] ?? 0)));
      return { fits, topical: Math.max(topical, ...fits) };
    });
  }
}

/**
 * Judges how well any free text expresses a hidden need, by the words that people type for it, by the concepts that it is made of
 * and by what its words mean in general English. It shares no code, features or weights with the click predictor or the sentence encoder. Deterministic; texts judged before
 * are answered from a cache.
 */
export class RelevanceJudge {
  private readonly vocabulary: Vocabulary;
  private readonly topics = new Map<string, CachedScene>();
  private readonly requests = new Map<WritingRequest, CachedScene>();
  /** What each search topic as a whole is about. */
  private readonly matters: ContentIndex;
  private readonly topicAt = new Map<string, number>();
  private readonly mattersInWords = new BoundedCache<Matters>(CACHED_TEXTS);
  private readonly mattersInMeaning = new BoundedCache<Matters>(CACHED_TEXTS);
  /** All snippets of the world: whether a text is a way of refining any piece of writing at all. */
  private readonly refinements: PhraseIndex;
  private readonly senses: () => TextSenses;
  /** What each search topic as a whole means. */
  private readonly topicSenses: () => SenseTable;
  private readonly readings = new BoundedCache<Reading>(CACHED_TEXTS);
  private readonly sensesOf = new BoundedCache<Sense>(CACHED_TEXTS);
  /** Words of answers, which are long and which many lists are shown under. */
  private readonly wordsOf = new BoundedCache<ReadonlySet<string>>(CACHED_ANSWERS);
  private readonly knownSnippets = new BoundedCache<number>(CACHED_TEXTS);

  constructor(world: World) {
    this.vocabulary = new Vocabulary(world.language.synonyms);
    const requests = world.writingTopics.flatMap((topic) => topic.requests);
    const snippets = requests.flatMap(({ facets }) => facets.flatMap(({ phrasings }) => phrasings));
    const typed = [...world.searchTopics.flatMap(({ intents }) => intents.flatMap(({ phrasings }) => phrasings)), ...snippets];
    for (const text of typed) this.vocabulary.add(text);
    // What a word is worth and may stand for must not depend on which scene is asked first: all words are known before any is.
    const scenes = [...world.searchTopics.map(needsOf), ...requests.map(refinementsOf)];
    for (const { concepts, about } of scenes.flat()) for (const text of [...concepts.flat(), ...about]) this.vocabulary.learn(text);
    for (const { title, entities } of world.searchTopics) for (const text of [title, ...entities]) this.vocabulary.learn(text);

    const { vocabulary } = this;
    const senses = lazily(() => new TextSenses(world.language.senses, vocabulary, typed));
    this.senses = senses;
    const sceneOf = (expressibles: readonly Expressible[]): CachedScene =>
      new CachedScene(
        lazily(() => new Scene(vocabulary, expressibles)),
        lazily(() => new SenseIndex(senses(), expressibles)),
      );
    for (const [at, topic] of world.searchTopics.entries()) {
      this.topicAt.set(topic.id, at);
      this.topics.set(topic.id, sceneOf(needsOf(topic)));
    }
    for (const request of requests) this.requests.set(request, sceneOf(refinementsOf(request)));
    this.topicSenses = lazily(() => {
      const textsOf = ({ title, entities, intents }: SearchTopic) => [title, ...entities, ...intents.flatMap(({ phrasings }) => phrasings)];
      return new SenseTable(world.searchTopics.map((topic) => senses().read(textsOf(topic).join(' '))));
    });
    const weightOf = (stem: string): number => this.vocabulary.weightOf(stem);
    this.refinements = new PhraseIndex(this.vocabulary, weightOf, [snippets]);
    this.matters = new ContentIndex(this.vocabulary, weightOf, world.searchTopics.map(matterOf));
  }

  /** How well a text expresses each intent of a topic. */
  intents(topic: SearchTopic, text: string): Judgement {
    return this.topics.get(topic.id)?.judge(text, this.readers, this.belonging(topic, text)) ?? NOTHING;
  }

  /** How surely a text is about a topic as a whole: what the topic accounts for of it, compared with what the nearest topic does. */
  private belonging(topic: SearchTopic, text: string): Belonging {
    const at = this.topicAt.get(topic.id) ?? -1;
    return {
      inWords: () => {
        const { each, most } = this.inWords(text);
        const share = each[at] ?? 0;
        return { share, surely: ramp(share, BELONGS) * ramp(share / most, NEAREST) };
      },
      inMeaning: () => {
        const words = this.inWords(text);
        const elsewhere = ramp(words.most, ELSEWHERE) * (1 - ramp((words.each[at] ?? 0) / words.most, NEAREST));
        const { each, most } = this.mattersInMeaning.get(text, () => mattersOf(this.topicSenses().likenesses(this.senseOf(text))));
        return (1 - elsewhere) * ramp((each[at] ?? 0) / most, SAME_MATTER);
      },
    };
  }

  private inWords(text: string): Matters {
    return this.mattersInWords.get(text, () => {
      const shares = new Float64Array(this.topicAt.size);
      this.matters.account(this.read(text), shares);
      return mattersOf(shares);
    });
  }

  /** How well a snippet expresses each facet of a piece of writing; `topical` says whether it refines texts of any kind. */
  facets(request: WritingRequest, text: string): Judgement {
    const { fits } = this.requests.get(request)?.judge(text, this.readers, ANY_MATTER) ?? NOTHING;
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

  private readonly senseOf = (text: string): Sense => this.sensesOf.get(text, () => this.senses().read(text));

  private readonly readers: Readers = { words: this.read, sense: this.senseOf };
}
