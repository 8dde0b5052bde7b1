import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

/** Texts about one thing; words of the first kind count in full, those of the second (answers, which mention much else) less. */
export interface Content {
  readonly own: readonly string[];
  readonly around: readonly string[];
}

/** Worth of a word that only stands around. */
const AROUND = 0.55;

/** What several things are about, word by word: how much of a text each of them accounts for. */
export class ContentIndex {
  private readonly byWord = new Map<number, { owner: number; presence: number }[]>();
  /** Scratch, by thing: how surely it has one word of the text; zero between words. */
  private readonly best: Float64Array;

  constructor(
    vocabulary: Vocabulary,
    private readonly weightOf: (stem: string) => number,
    contents: readonly Content[],
  ) {
    for (const [owner, { own, around }] of contents.entries()) {
      const presence = new Map<number, number>();
      const note = (texts: readonly string[], value: number): void => {
        for (const stem of texts.flatMap(stemsOf)) {
          const word = vocabulary.idOf(stem);
          presence.set(word, Math.max(presence.get(word) ?? 0, value));
        }
      };
      note(own, 1);
      note(around, AROUND);
      for (const [word, value] of presence) {
        const users = this.byWord.get(word);
        if (users === undefined) this.byWord.set(word, [{ owner, presence: value }]);
        else users.push({ owner, presence: value });
      }
    }
    this.best = new Float64Array(contents.length);
  }

  /**
   * Share of a text, weighted by how telling its words are, that each thing accounts for.
   * @param shares is filled, one number a thing
   */
  account(reading: Reading, shares: Float64Array): void {
    shares.fill(0);
    let total = 0;
    for (const [at, stem] of reading.stems.entries()) {
      const weight = this.weightOf(stem);
      total += weight;
      const touched: number[] = [];
      for (const { word, credit } of reading.candidates[at] ?? []) {
        for (const { owner, presence } of this.byWord.get(word) ?? []) {
          const before = this.best[owner] ?? 0;
          if (credit * presence <= before) continue;
          if (before === 0) touched.push(owner);
          this.best[owner] = credit * presence;
        }
      }
      for (const owner of touched) {
        shares[owner] = (shares[owner] ?? 0) + weight * (this.best[owner] ?? 0);
        this.best[owner] = 0;
      }
    }
    if (total === 0) return;
    for (let owner = 0; owner < shares.length; owner++) shares[owner] = (shares[owner] ?? 0) / total;
  }
}
