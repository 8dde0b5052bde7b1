import { type Reading, stemsOf, type Vocabulary } from './vocabulary.js';

interface Alternative {
  /** Index of its group among all groups of all owners. */
  readonly group: number;
  readonly words: readonly number[];
}

/** Groups of interchangeable words or short phrases, of many owners, found by their words. */
export class ConceptIndex {
  private readonly byWord = new Map<number, Alternative[]>();
  /** First group of each owner, and one past the last group of all. */
  private readonly starts: number[] = [0];
  private readonly coverage: Float64Array;

  constructor(vocabulary: Vocabulary, conceptsByOwner: readonly (readonly (readonly string[])[])[]) {
    let group = 0;
    for (const groups of conceptsByOwner) {
      for (const alternatives of groups) {
        for (const text of alternatives) this.add({ group, words: [...new Set(stemsOf(text))].map((stem) => vocabulary.idOf(stem)) });
        group++;
      }
      this.starts.push(group);
    }
    this.coverage = new Float64Array(group);
  }

  /** How surely a text covers each group of each owner, in [0, 1]: its surest alternative counts, which needs all of its words. */
  cover(reading: Reading): (owner: number) => Float64Array {
    this.coverage.fill(0);
    for (const word of reading.words.keys()) {
      for (const { group, words } of this.byWord.get(word) ?? []) {
        let surely = 1;
        for (const each of words) surely = Math.min(surely, reading.words.get(each)?.credit ?? 0);
        if (surely > (this.coverage[group] ?? 0)) this.coverage[group] = surely;
      }
    }
    return (owner) => this.coverage.subarray(this.starts[owner], this.starts[owner + 1]);
  }

  private add(alternative: Alternative): void {
    const [first] = alternative.words;
    if (first === undefined) return;
    const users = this.byWord.get(first);
    if (users === undefined) this.byWord.set(first, [alternative]);
    else users.push(alternative);
  }
}
