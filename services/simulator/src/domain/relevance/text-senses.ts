import { stemOf, type Vocabulary, wordsOf } from './vocabulary.js';
import type { WordSenses } from './word-senses.js';

/** What a text means: a direction of length 1, or of length 0 if none of its words is known. */
export type Sense = Float64Array;

function normalised(sense: Float64Array): Sense {
  const length = Math.sqrt(sense.reduce((sum, each) => sum + each * each, 0));
  return length === 0 ? sense : sense.map((each) => each / length);
}

/** Senses that others are compared with, side by side in memory, since every text is compared with many. */
export class SenseTable {
  private readonly numbers: Float32Array;
  private readonly dimensions: number;
  private readonly rows: number;

  constructor(senses: readonly Sense[]) {
    this.rows = senses.length;
    this.dimensions = senses[0]?.length ?? 0;
    this.numbers = new Float32Array(senses.length * this.dimensions);
    for (const [row, sense] of senses.entries()) this.numbers.set(sense, row * this.dimensions);
  }

  /** How alike each row and another sense are. */
  likenesses(sense: Sense): Float64Array {
    const all = new Float64Array(this.rows);
    for (let row = 0; row < this.rows; row++) all[row] = this.likeness(row, sense);
    return all;
  }

  /** How alike a row and another sense are, in [-1, 1]: the cosine. */
  likeness(row: number, sense: Sense): number {
    const from = row * this.dimensions;
    let sum = 0;
    for (let at = 0; at < this.dimensions; at++) sum += (this.numbers[from + at] ?? 0) * (sense[at] ?? 0);
    return sum;
  }
}

/**
 * Reads what texts mean: the mean direction of their words, rare ones counting more, less what all texts of the world have in common
 * (Arora, Liang and Ma 2017). A word that has no direction takes that of another with its stem, or of the known word that it is a
 * misspelling of.
 */
export class TextSenses {
  private readonly byStem = new Map<string, string>();
  private readonly common: Float64Array;

  /** @param usual texts whose mean is what all have in common */
  constructor(
    private readonly senses: WordSenses,
    private readonly vocabulary: Vocabulary,
    usual: Iterable<string>,
  ) {
    for (const word of senses.words) {
      const stem = stemOf(word);
      if (!this.byStem.has(stem)) this.byStem.set(stem, word);
    }
    const sum = new Float64Array(senses.dimensions);
    let texts = 0;
    for (const text of usual) {
      texts++;
      for (const [at, each] of normalised(this.sumOf(text)).entries()) sum[at] = (sum[at] ?? 0) + each;
    }
    this.common = sum.map((each) => each / Math.max(1, texts));
  }

  read(text: string): Sense {
    const sum = this.sumOf(text);
    if (sum.every((each) => each === 0)) return sum;
    return normalised(normalised(sum).map((each, at) => each - (this.common[at] ?? 0)));
  }

  private sumOf(text: string): Float64Array {
    const sum = new Float64Array(this.senses.dimensions);
    if (this.senses.dimensions === 0) return sum;
    for (const word of wordsOf(text)) {
      const stem = stemOf(word);
      const weight = this.vocabulary.rarityOf(stem);
      if (this.senses.addTo(sum, word, weight) || this.senses.addTo(sum, this.byStem.get(stem) ?? '', weight)) continue;
      const meant = this.vocabulary.nearestSpelling(stem);
      if (meant !== undefined) this.senses.addTo(sum, this.byStem.get(meant) ?? '', weight);
    }
    return sum;
  }
}
