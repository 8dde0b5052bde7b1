import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

/** Overlap with a phrasing below which it says nothing, and above which the two mean the same. */
const LEXICAL = { nothing: 0.3, all: 0.7 };

/** How telling a stem is in one place. */
export type WeightOf = (stem: string) => number;

/** A phrasing that has a word, and the weight of the word in it. */
interface Posting {
  readonly phrase: number;
  readonly weight: number;
}

/**
 * Phrasings found by their words, so that a text is compared with those alone that share one with it. Each belongs to an owner (an
 * intent, a facet), of whose phrasings only the best match matters.
 */
export class PhraseIndex {
  private readonly byWord = new Map<number, Posting[]>();
  private readonly owners: number[] = [];
  private readonly totals: number[] = [];
  /** Scratch, by phrase: weight found of the phrase, weight of the text that it explains, and what counted last. */
  private readonly found: Float64Array;
  private readonly explained: Float64Array;
  private readonly lastBy: Int32Array;
  private readonly lastCredit: Float64Array;

  constructor(
    vocabulary: Vocabulary,
    private readonly weightOf: WeightOf,
    phrasingsByOwner: readonly (readonly string[])[],
  ) {
    for (const [owner, phrasings] of phrasingsByOwner.entries()) {
      for (const phrasing of phrasings) this.add(vocabulary, owner, phrasing);
    }
    const size = this.owners.length;
    [this.found, this.explained, this.lastCredit] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    this.lastBy = new Int32Array(size);
  }

  /**
   * How surely a text means the same as the nearest phrasing of each owner, in [0, 1]: the weighted F1 of their words, stretched.
   * @param best is filled, one number an owner
   */
  match(reading: Reading, best: Float64Array): void {
    const weights = reading.stems.map(this.weightOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const touched: number[] = [];
    for (const [word, { credit, by }] of reading.words) {
      for (const { phrase, weight } of this.byWord.get(word) ?? []) {
        if (this.found[phrase] === 0) {
          touched.push(phrase);
          this.lastBy[phrase] = -1;
        }
        this.found[phrase] = (this.found[phrase] ?? 0) + weight * credit;
        // Two words of a phrasing may be spellings of one word of the text, which explains that one no better.
        const before = this.lastBy[phrase] === by ? (this.lastCredit[phrase] ?? 0) : 0;
        if (credit <= before) continue;
        this.explained[phrase] = (this.explained[phrase] ?? 0) + (weights[by] ?? 0) * (credit - before);
        this.lastBy[phrase] = by;
        this.lastCredit[phrase] = credit;
      }
    }
    best.fill(0);
    for (const phrase of touched) {
      const recall = (this.found[phrase] ?? 0) / (this.totals[phrase] ?? 1);
      const precision = (this.explained[phrase] ?? 0) / total;
      const owner = this.owners[phrase] ?? 0;
      const overlap = (2 * recall * precision) / (recall + precision);
      if (overlap > (best[owner] ?? 0)) best[owner] = overlap;
      this.found[phrase] = 0;
      this.explained[phrase] = 0;
    }
    for (const [owner, overlap] of best.entries()) best[owner] = sameness(overlap);
  }

  private add(vocabulary: Vocabulary, owner: number, phrasing: string): void {
    const phrase = this.owners.push(owner) - 1;
    let total = 0;
    for (const stem of new Set(stemsOf(phrasing))) {
      const [word, weight] = [vocabulary.idOf(stem), this.weightOf(stem)];
      total += weight;
      const postings = this.byWord.get(word);
      if (postings === undefined) this.byWord.set(word, [{ phrase, weight }]);
      else postings.push({ phrase, weight });
    }
    this.totals.push(total);
  }
}

/** How surely two texts of this overlap mean the same, in [0, 1]. */
function sameness(overlap: number): number {
  return Math.min(1, Math.max(0, (overlap - LEXICAL.nothing) / (LEXICAL.all - LEXICAL.nothing)));
}
