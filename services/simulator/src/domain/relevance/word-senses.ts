const lengthOf = (numbers: Int8Array): number => Math.sqrt(numbers.reduce((sum, each) => sum + each * each, 0));

/**
 * What words mean, as directions: words that people use in the same surroundings point the same way. Made from general English text
 * (README, "Reading free text"), never from anything that a model of GQR learns from or is made of.
 */
export class WordSenses {
  private readonly rows = new Map<string, number>();
  private readonly scales: Float64Array;

  /**
   * @param words the most usual first
   * @param directions one row of `dimensions` numbers a word, of any length
   */
  constructor(
    words: readonly string[],
    private readonly directions: Int8Array,
    readonly dimensions: number,
  ) {
    for (const [row, word] of words.entries()) this.rows.set(word, row);
    this.scales = Float64Array.from(words, (_, row) => 1 / (lengthOf(directions.subarray(row * dimensions, (row + 1) * dimensions)) || 1));
  }

  /** Knows no word. */
  static readonly none = new WordSenses([], new Int8Array(), 0);

  get words(): Iterable<string> {
    return this.rows.keys();
  }

  /** Adds the direction of a word, made `weight` long, to a sum; false if the word is unknown. */
  addTo(sum: Float64Array, word: string, weight: number): boolean {
    const row = this.rows.get(word);
    if (row === undefined) return false;
    const from = row * this.dimensions;
    const scale = weight * (this.scales[row] ?? 0);
    for (let at = 0; at < this.dimensions; at++) sum[at] = (sum[at] ?? 0) + scale * (this.directions[from + at] ?? 0);
    return true;
  }
}
