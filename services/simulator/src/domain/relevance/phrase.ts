import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

/** Overlap with a phrasing below which it says nothing, and above which the two mean the same. */
const LEXICAL = { nothing: 0.3, all: 0.7 };

/** Words of a phrasing, each with its weight. */
export interface Phrase {
  readonly words: readonly number[];
  readonly weights: readonly number[];
  readonly total: number;
}

/** A text with the weights that its words have in one place. */
export interface Sighting {
  /** Known word to how surely the text has it, and by which of its own words. */
  readonly words: ReadonlyMap<number, { readonly credit: number; readonly by: number }>;
  /** Weights of the text's own words. */
  readonly weights: readonly number[];
  readonly total: number;
}

type WeightOf = (stem: string) => number;

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function phraseOf(text: string, vocabulary: Vocabulary, weightOf: WeightOf): Phrase {
  const stems = [...new Set(stemsOf(text))];
  const weights = stems.map(weightOf);
  return { words: stems.map((stem) => vocabulary.idOf(stem)), weights, total: sum(weights) };
}

export function sight({ stems, spellings }: Reading, weightOf: WeightOf): Sighting {
  const words = new Map<number, { credit: number; by: number }>();
  for (const [by, candidates] of spellings.entries()) {
    for (const { word, credit } of candidates) {
      if ((words.get(word)?.credit ?? 0) < credit) words.set(word, { credit, by });
    }
  }
  const weights = stems.map(weightOf);
  return { words, weights, total: sum(weights) };
}

/** Weighted F1 of the words of a phrasing and of a text, in [0, 1]. */
export function overlap(phrase: Phrase, { words, weights, total }: Sighting): number {
  let found = 0;
  const used = new Map<number, number>();
  for (const [at, word] of phrase.words.entries()) {
    const seen = words.get(word);
    if (seen === undefined) continue;
    found += (phrase.weights[at] ?? 0) * seen.credit;
    used.set(seen.by, Math.max(used.get(seen.by) ?? 0, seen.credit));
  }
  if (found === 0) return 0;
  let explained = 0;
  for (const [by, credit] of used) explained += (weights[by] ?? 0) * credit;
  const recall = found / phrase.total;
  const precision = explained / total;
  return (2 * recall * precision) / (recall + precision);
}

/** How surely two texts of this overlap mean the same, in [0, 1]. */
export function sameness(overlap: number): number {
  return Math.min(1, Math.max(0, (overlap - LEXICAL.nothing) / (LEXICAL.all - LEXICAL.nothing)));
}
