import { stemmer } from 'stemmer';
import { BoundedCache } from './bounded-cache.js';

/** Words that say nothing about what is wanted. Negations and question words are not among them: "no rhyme", "how much". */
const FUNCTION_WORDS = new Set(
  'a an the of to in on at for with from by and or is are was were be been am do does did i my me we our it its this that these you your s t d ve ll re so just'.split(
    ' ',
  ),
);

/** Least share of common character trigrams (Dice) at which two words may be spellings of one. */
const NEAR = 0.6;
/** Shorter words have too few trigrams to tell a misspelling from another word. */
const SHORTEST_MISSPELT = 5;

/** What models write has no end of words; the world's own are always among these. */
const CACHED_STEMS = 50_000;

const splitter = /[^\p{L}\p{N}]+/u;

/** Stems of a text's words, function words left out unless there is nothing else. */
export function stemsOf(text: string): string[] {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’`]/g, '')
    .split(splitter)
    .filter((word) => word !== '');
  const telling = words.filter((word) => !FUNCTION_WORDS.has(word));
  return (telling.length > 0 ? telling : words).map((word) => stemmer(word));
}

function trigramsOf(word: string): Set<string> {
  const padded = `^${word}$`;
  const trigrams = new Set<string>();
  for (let at = 0; at + 3 <= padded.length; at++) trigrams.add(padded.slice(at, at + 3));
  return trigrams;
}

/** A known word that a written word may be, with how sure that is, in (0, 1]. */
export interface Spelling {
  readonly word: number;
  readonly credit: number;
}

/** A text taken apart once, for all scenes. */
export interface Reading {
  /** Each once. */
  readonly stems: readonly string[];
  /** Known words that the text may have: how surely, and by which of its stems. */
  readonly words: ReadonlyMap<number, { readonly credit: number; readonly by: number }>;
  /** How telling each stem is. */
  readonly weights: readonly number[];
  readonly total: number;
}

/** The words of the world, how telling each is, and which of them are spellings of one another. */
export class Vocabulary {
  private readonly ids = new Map<string, number>();
  private readonly stems: string[] = [];
  private readonly documents: number[] = [];
  private readonly byTrigram = new Map<string, number[]>();
  private readonly spellings = new BoundedCache<readonly Spelling[]>(CACHED_STEMS);
  private readonly weights = new BoundedCache<number>(CACHED_STEMS);
  private total = 0;

  /** Adds a text that people type; rare words tell more. All texts must be added before anything is asked. */
  add(text: string): void {
    this.total++;
    for (const stem of new Set(stemsOf(text))) {
      const id = this.idOf(stem);
      this.documents[id] = (this.documents[id] ?? 0) + 1;
    }
  }

  read(text: string): Reading {
    const stems = [...new Set(stemsOf(text))];
    const weights = stems.map((stem) => this.weightOf(stem));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const words = new Map<number, { credit: number; by: number }>();
    for (const [by, stem] of stems.entries()) {
      for (const { word, credit } of this.spellingsOf(stem)) {
        if ((words.get(word)?.credit ?? 0) < credit) words.set(word, { credit, by });
      }
    }
    return { stems, words, weights, total };
  }

  /** The number of a stem; given one if it is new. */
  idOf(stem: string): number {
    const known = this.ids.get(stem);
    if (known !== undefined) return known;
    const id = this.stems.push(stem) - 1;
    this.ids.set(stem, id);
    this.documents.push(0);
    if (stem.length >= SHORTEST_MISSPELT - 1) {
      for (const trigram of trigramsOf(stem)) {
        const words = this.byTrigram.get(trigram);
        if (words === undefined) this.byTrigram.set(trigram, [id]);
        else words.push(id);
      }
    }
    return id;
  }

  /**
   * Inverse document frequency of a stem, scaled to [0, 1]. The spellings of a word share one frequency, so that a misspelt word
   * tells no more than the word itself; a word that nobody types tells as much as the rarest.
   */
  weightOf(stem: string): number {
    return this.weights.get(stem, () => {
      const frequency = this.spellingsOf(stem).reduce((sum, { word }) => sum + (this.documents[word] ?? 0), 0);
      return Math.log((this.total + 1) / (frequency + 1)) / Math.log(this.total + 1);
    });
  }

  /** Known words that `stem` may stand for; itself, if it is known, with credit 1. */
  spellingsOf(stem: string): readonly Spelling[] {
    return this.spellings.get(stem, () => this.findSpellings(stem));
  }

  private findSpellings(stem: string): Spelling[] {
    const self = this.ids.get(stem);
    const found: Spelling[] = self === undefined ? [] : [{ word: self, credit: 1 }];
    if (stem.length < SHORTEST_MISSPELT - 1) return found;
    const shared = new Map<number, number>();
    for (const trigram of trigramsOf(stem))
      for (const word of this.byTrigram.get(trigram) ?? []) shared.set(word, (shared.get(word) ?? 0) + 1);
    for (const [word, count] of shared) {
      const other = this.stems[word] ?? '';
      // People hardly ever misspell the first letter, and "season" is no "reason".
      if (word === self || !other.startsWith(stem.charAt(0))) continue;
      const dice = (2 * count) / (stem.length + other.length);
      if (dice >= NEAR) found.push({ word, credit: dice });
    }
    return found;
  }
}
