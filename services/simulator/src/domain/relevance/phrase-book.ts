import { overlap, type Phrase, phraseOf, sameness, sight } from './phrase.js';
import type { Reading, Vocabulary } from './vocabulary.js';

/** Many phrasings of which only the best match matters; found by their words, so that its size does not slow it. */
export class PhraseBook {
  private readonly byWord = new Map<number, Phrase[]>();

  constructor(
    private readonly vocabulary: Vocabulary,
    phrasings: readonly string[],
  ) {
    for (const phrase of phrasings.map((phrasing) => phraseOf(phrasing, vocabulary, this.weightOf))) {
      for (const word of phrase.words) {
        const users = this.byWord.get(word);
        if (users === undefined) this.byWord.set(word, [phrase]);
        else users.push(phrase);
      }
    }
  }

  /** How surely a text means the same as one of the phrasings, in [0, 1]. */
  knows(reading: Reading): number {
    const sighting = sight(reading, this.weightOf);
    const candidates = new Set([...sighting.words.keys()].flatMap((word) => this.byWord.get(word) ?? []));
    let best = 0;
    for (const phrase of candidates) best = Math.max(best, overlap(phrase, sighting));
    return sameness(best);
  }

  private readonly weightOf = (stem: string): number => this.vocabulary.weightOf(stem);
}
