import type { SearchTopic, WritingRequest } from '../world/topic.js';
import type { World } from '../world/world.js';
import { BoundedCache } from './bounded-cache.js';
import { PhraseIndex } from './phrase-index.js';
import { type Judgement, Scene } from './scene.js';
import { type Reading, stemsOf, Vocabulary } from './vocabulary.js';

const CACHED_TEXTS = 20_000;
const CACHED_ANSWERS = 5_000;
const CACHED_TEXTS_OF_SCENE = 500;
const NOTHING: Judgement = { fits: [], topical: 0 };

/** A scene that remembers what it judged. */
class CachedScene {
  private readonly judgements = new BoundedCache<Judgement>(CACHED_TEXTS_OF_SCENE);

  constructor(private readonly scene: Scene) {}

  judge(text: string, read: (text: string) => Reading): Judgement {
    return this.judgements.get(text, () => this.scene.judge(read(text)));
  }
}

/**
 * Judges how well any free text expresses a hidden need, by the words that people type for it and by the concepts that it is made
 * of. It shares no code, features or weights with the click predictor or the sentence encoder. Deterministic; texts judged before
 * are answered from a cache.
 */
export class RelevanceJudge {
  private readonly vocabulary = new Vocabulary();
  private readonly topics = new Map<string, CachedScene>();
  private readonly requests = new Map<WritingRequest, CachedScene>();
  /** All snippets of the world: whether a text is a way of refining any piece of writing at all. */
  private readonly refinements: PhraseIndex;
  private readonly readings = new BoundedCache<Reading>(CACHED_TEXTS);
  /** Words of answers, which are long and which many lists are shown under. */
  private readonly wordsOf = new BoundedCache<ReadonlySet<string>>(CACHED_ANSWERS);
  private readonly knownSnippets = new BoundedCache<number>(CACHED_TEXTS);

  constructor(world: World) {
    const facets = world.writingTopics.flatMap(({ requests }) => requests.flatMap((request) => request.facets));
    for (const { phrasings } of [...world.searchTopics.flatMap(({ intents }) => intents), ...facets]) {
      for (const phrasing of phrasings) this.vocabulary.add(phrasing);
    }
    for (const topic of world.searchTopics) this.topics.set(topic.id, new CachedScene(new Scene(this.vocabulary, topic.intents)));
    for (const topic of world.writingTopics) {
      for (const request of topic.requests) this.requests.set(request, new CachedScene(new Scene(this.vocabulary, request.facets)));
    }
    const weightOf = (stem: string): number => this.vocabulary.weightOf(stem);
    this.refinements = new PhraseIndex(this.vocabulary, weightOf, [facets.flatMap(({ phrasings }) => phrasings)]);
  }

  /** How well a text expresses each intent of a topic. */
  intents(topic: SearchTopic, text: string): Judgement {
    return this.topics.get(topic.id)?.judge(text, this.read) ?? NOTHING;
  }

  /** How well a snippet expresses each facet of a piece of writing; `topical` says whether it refines texts of any kind. */
  facets(request: WritingRequest, text: string): Judgement {
    const { fits } = this.requests.get(request)?.judge(text, this.read) ?? NOTHING;
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
