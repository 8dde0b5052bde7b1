import { overlap, type Phrase, phraseOf, sameness, sight, type Sighting, sum } from './phrase.js';
import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

/** What a text can express: an intent or a facet. */
export interface Expressible {
  readonly phrasings: readonly string[];
  readonly concepts: readonly (readonly string[])[];
}

/** What is left of the score of the concepts when a group is not covered: the first group tells intents apart, the last names the topic. */
const UNCOVERED = { first: 0.1, middle: 0.6, last: 0.3 };
/** Weight of a word that all targets of a scene use, relative to one that a single target uses. */
const SHARED_WORD = 0.3;
/** A text that expresses more than this many things at once expresses each the less: a heap of keywords is no query. */
const THINGS_AT_ONCE = 2;

interface Target {
  readonly phrases: readonly Phrase[];
  /** Groups of alternatives; an alternative is covered if all its words are there. */
  readonly groups: readonly (readonly (readonly number[])[])[];
}

/** How well a text expresses what is in a scene. */
export interface Judgement {
  /** In [0, 1], in the order of the scene's expressibles. */
  readonly fits: readonly number[];
  /** How surely the text is about the scene at all, in [0, 1]. */
  readonly topical: number;
}

/** The intents of one topic, or the facets of one piece of writing, made ready for judging texts against all of them at once. */
export class Scene {
  private readonly targets: readonly Target[];
  /** How much a word tells the targets apart, in [SHARED_WORD, 1]. */
  private readonly telling = new Map<number, number>();

  constructor(
    private readonly vocabulary: Vocabulary,
    expressibles: readonly Expressible[],
  ) {
    this.learnWhatTellsApart(expressibles);
    this.targets = expressibles.map(({ phrasings, concepts }) => ({
      phrases: phrasings.map((phrasing) => phraseOf(phrasing, vocabulary, this.weightOf)),
      groups: concepts.map((group) => group.map((alternative) => stemsOf(alternative).map((stem) => vocabulary.idOf(stem)))),
    }));
  }

  /**
   * Judges a text against every target: the better of its overlap with a phrasing and its coverage of the concept groups,
   * lowered in proportion where another target of the scene is expressed better by both measures together.
   */
  judge(reading: Reading): Judgement {
    const sighting = sight(reading, this.weightOf);
    const lexical = this.targets.map(({ phrases }) => Math.max(...phrases.map((phrase) => overlap(phrase, sighting))));
    const coverage = this.targets.map(({ groups }) => groups.map((group) => covered(group, sighting)));
    const byWords = lexical.map(sameness);
    const byConcepts = coverage.map(scoreOfGroups);
    const evidence = byWords.map((score, at) => score + (byConcepts[at] ?? 0));
    const strongest = Math.max(...evidence, Number.EPSILON);
    const fits = byWords.map((score, at) => Math.max(score, byConcepts[at] ?? 0) * ((evidence[at] ?? 0) / strongest));
    const focus = Math.min(1, THINGS_AT_ONCE / Math.max(sum(fits), Number.EPSILON));
    const topical = Math.max(...byWords, ...coverage.map((groups) => (groups.length > 1 ? (groups.at(-1) ?? 0) : 0)));
    return { fits: fits.map((fit) => fit * focus), topical };
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

  private readonly weightOf = (stem: string): number => {
    const telling = this.vocabulary.spellingsOf(stem).map(({ word }) => this.telling.get(word) ?? 0);
    return this.vocabulary.weightOf(stem) * (Math.max(0, ...telling) || 1);
  };
}

/** How surely a text has one alternative of a group. */
function covered(group: readonly (readonly number[])[], { words }: Sighting): number {
  return Math.max(0, ...group.map((alternative) => Math.min(...alternative.map((word) => words.get(word)?.credit ?? 0))));
}

function scoreOfGroups(groups: readonly number[]): number {
  return groups.reduce((score, hit, at) => {
    const left = at === 0 ? UNCOVERED.first : at === groups.length - 1 ? UNCOVERED.last : UNCOVERED.middle;
    return score * (hit + (1 - hit) * left);
  }, 1);
}
