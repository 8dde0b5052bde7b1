import { BoundedCache } from './bounded-cache.js';
import { ConceptIndex } from './concept-index.js';
import { ContentIndex } from './content-index.js';
import { PhraseIndex } from './phrase-index.js';
import { ramp } from './ramp.js';
import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

/** What a text can express: an intent or a facet. */
export interface Expressible {
  readonly phrasings: readonly string[];
  readonly concepts: readonly (readonly string[])[];
  /** Texts that are not typed for it but are about it: the need in words, the answer. */
  readonly about: readonly string[];
}

/** What is left of the score of the concepts when a group is not covered: the first group tells intents apart, the last names the topic. */
const UNCOVERED = { first: 0.1, middle: 0.6, last: 0.3 };
/** Weight of a word that all targets of a scene use, relative to one that a single target uses. */
const SHARED_WORD = 0.3;
/** Share of a text that a target accounts for from which it says something, and at which it is the target's. */
const CONTENT = { from: 0.35, to: 0.85 };
/** A text that expresses more than this many things at once expresses each the less: a heap of keywords is no query. */
const THINGS_AT_ONCE = 1.75;

const CACHED_STEMS = 2_000;

/** How well a text expresses what is in a scene. */
export interface Judgement {
  /** In [0, 1], in the order of the scene's expressibles. */
  readonly fits: readonly number[];
  /** How surely the text is about the scene at all, in [0, 1]. */
  readonly topical: number;
}

/** What the words of a text say. */
export interface Wording extends Judgement {
  /** 1 for a text that says one thing or two, less for a heap of keywords. */
  readonly focus: number;
}

/** The intents of one topic, or the facets of one piece of writing, made ready for judging texts against all of them at once. */
export class Scene {
  private readonly phrases: PhraseIndex;
  private readonly concepts: ConceptIndex;
  /** How much a word tells the targets apart, in [SHARED_WORD, 1]. */
  private readonly telling = new Map<number, number>();
  private readonly contents: ContentIndex;
  private readonly weights = new BoundedCache<number>(CACHED_STEMS);
  private readonly byWords: Float64Array;
  private readonly byContent: Float64Array;

  constructor(
    private readonly vocabulary: Vocabulary,
    expressibles: readonly Expressible[],
  ) {
    this.learnWhatTellsApart(expressibles);
    this.phrases = new PhraseIndex(
      vocabulary,
      this.weightOf,
      expressibles.map(({ phrasings }) => phrasings),
    );
    this.concepts = new ConceptIndex(
      vocabulary,
      expressibles.map(({ concepts }) => concepts),
    );
    this.contents = new ContentIndex(
      vocabulary,
      this.weightOf,
      expressibles.map(({ phrasings, concepts, about }) => ({ own: [...phrasings, ...concepts.flat()], around: about })),
    );
    this.byWords = new Float64Array(expressibles.length);
    this.byContent = new Float64Array(expressibles.length);
  }

  /**
   * Judges a text against every target: the better of its overlap with a phrasing and its coverage of the concept groups,
   * lowered in proportion where another target of the scene is expressed better by both measures together.
   */
  judge(reading: Reading): Wording {
    this.phrases.match(reading, this.byWords);
    this.contents.account(reading, this.byContent);
    const coverageOf = this.concepts.cover(reading);
    const fits: number[] = [];
    const evidence: number[] = [];
    let [strongest, topical] = [Number.EPSILON, 0];
    for (const [at, words] of this.byWords.entries()) {
      const groups = coverageOf(at);
      const byConcepts = scoreOfGroups(groups);
      const content = ramp(this.byContent[at] ?? 0, CONTENT);
      fits.push(Math.max(words, byConcepts, content));
      evidence.push(words + byConcepts + content);
      strongest = Math.max(strongest, words + byConcepts + content);
      topical = Math.max(topical, words, content, groups.length > 1 ? (groups.at(-1) ?? 0) : 0);
    }
    let total = 0;
    for (const [at, fit] of fits.entries()) {
      fits[at] = fit * ((evidence[at] ?? 0) / strongest);
      total += fits[at];
    }
    const focus = Math.min(1, THINGS_AT_ONCE / Math.max(total, Number.EPSILON));
    return { fits: fits.map((fit) => fit * focus), topical, focus };
  }

  private learnWhatTellsApart(expressibles: readonly Expressible[]): void {
    const users = new Map<number, Set<number>>();
    for (const [at, { phrasings }] of expressibles.entries()) {
      for (const word of phrasings.flatMap(stemsOf).map((stem) => this.vocabulary.idOf(stem))) {
        const targets = users.get(word) ?? new Set();
        users.set(word, targets.add(at));
      }
    }
    const others = Math.max(1, expressibles.length - 1);
    for (const [word, targets] of users) this.telling.set(word, 1 - (1 - SHARED_WORD) * ((targets.size - 1) / others));
  }

  private readonly weightOf = (stem: string): number => this.weights.get(stem, () => this.findWeight(stem));

  private findWeight(stem: string): number {
    let telling = 0;
    for (const { word } of this.vocabulary.spellingsOf(stem)) telling = Math.max(telling, this.telling.get(word) ?? 0);
    return this.vocabulary.weightOf(stem) * (telling || 1);
  }
}

function scoreOfGroups(groups: Float64Array): number {
  let score = 1;
  for (const [at, hit] of groups.entries()) {
    const left = at === 0 ? UNCOVERED.first : at === groups.length - 1 ? UNCOVERED.last : UNCOVERED.middle;
    score *= hit + (1 - hit) * left;
  }
  return groups.length === 0 ? 0 : score;
}
