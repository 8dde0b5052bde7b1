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

/** How surely a word stands for another of its group of synonyms. */
const SYNONYM = 0.7;

/** How surely a word stands for one from which it differs by one slip of the hand, or for one of the two it is put together from. */
const ONE_SLIP = 0.8;
const PART = 0.9;
const SHORTEST_PART = 3;

const splitter = /[^\p{L}\p{N}]+/u;
/** Scripts without blanks between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'word' });

function segments(text: string): string[] {
  return [...SEGMENTER.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
}

/** How many words a text is long, as its readers count them. */
export function countWords(text: string): number {
  return UNSPACED.test(text) ? segments(text).length : text.trim().split(/\s+/).length;
}

const STEMS = new BoundedCache<string>(CACHED_STEMS);

/** A text's words, function words left out unless there is nothing else. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replace(/['’`]/g, '');
  const words = UNSPACED.test(plain) ? segments(plain) : plain.split(splitter).filter((word) => word !== '');
  const telling = words.filter((word) => !FUNCTION_WORDS.has(word));
  return telling.length > 0 ? telling : words;
}

export function stemOf(word: string): string {
  return STEMS.get(word, () => stemmer(word));
}

/** Stems of a text's words. */
export function stemsOf(text: string): string[] {
  return wordsOf(text).map(stemOf);
}

/** Whether two words differ by one letter that is missing, added, wrong or swapped with its neighbour. */
function isOneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from++;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1];
  const [left, right] = [a.slice(from, endA), b.slice(from, endB)];
  return Math.max(left.length, right.length) <= 1 || (left.length === 2 && left === `${right.charAt(1)}${right.charAt(0)}`);
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
  /** By stem, the known words that it may stand for, synonyms among them. */
  readonly candidates: readonly (readonly Spelling[])[];
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
  private readonly candidates = new BoundedCache<readonly Spelling[]>(CACHED_STEMS);
  private readonly weights = new BoundedCache<number>(CACHED_STEMS);
  /** For a word, those that are used for it. */
  private readonly synonyms = new Map<number, ReadonlySet<number>>();
  private total = 0;

  /** @param synonyms groups of words that people use for one another */
  constructor(synonyms: readonly (readonly string[])[] = []) {
    for (const group of synonyms) {
      const ids = new Set(group.flatMap(stemsOf).map((stem) => this.idOf(stem)));
      for (const id of ids) this.synonyms.set(id, new Set([...(this.synonyms.get(id) ?? []), ...ids]));
    }
  }

  /** Adds the words of a text that says what something is about, though nobody types it. */
  learn(text: string): void {
    for (const stem of stemsOf(text)) this.idOf(stem);
  }

  /** Adds a text that people type; rare words tell more. All texts must be added or learnt before anything is asked. */
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
    const candidates = stems.map((stem) => this.candidatesOf(stem));
    for (const [by, among] of candidates.entries()) {
      for (const { word, credit } of among) {
        if ((words.get(word)?.credit ?? 0) < credit) words.set(word, { credit, by });
      }
    }
    return { stems, words, candidates, weights, total };
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
      return this.rarity(frequency);
    });
  }

  /** Inverse document frequency of this very stem, scaled to [0, 1]. */
  rarityOf(stem: string): number {
    return this.rarity(this.documents[this.ids.get(stem) ?? -1] ?? 0);
  }

  /** The known stem that a word is most likely a misspelling of. */
  nearestSpelling(stem: string): string | undefined {
    const [nearest] = [...this.spellingsOf(stem)].sort((a, b) => b.credit - a.credit);
    return nearest === undefined ? undefined : this.stems[nearest.word];
  }

  /** Known words that `stem` may stand for; itself, if it is known, with credit 1. */
  spellingsOf(stem: string): readonly Spelling[] {
    return this.spellings.get(stem, () => this.findSpellings(stem));
  }

  private rarity(frequency: number): number {
    return Math.log((this.total + 1) / (frequency + 1)) / Math.log(this.total + 1);
  }

  private candidatesOf(stem: string): readonly Spelling[] {
    return this.candidates.get(stem, () => this.findCandidates(stem));
  }

  private findCandidates(stem: string): Spelling[] {
    return this.spellingsOf(stem).flatMap(({ word, credit }) => [
      { word, credit },
      ...[...(this.synonyms.get(word) ?? [])]
        .filter((synonym) => synonym !== word)
        .map((synonym) => ({ word: synonym, credit: credit * SYNONYM })),
    ]);
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
      else if (stem.length >= SHORTEST_MISSPELT && isOneSlip(stem, other)) found.push({ word, credit: ONE_SLIP });
    }
    return self === undefined ? [...found, ...this.partsOf(stem)] : found;
  }

  /** The two known words that an unknown one is put together from ("jumpstart"). */
  private partsOf(stem: string): Spelling[] {
    for (let at = SHORTEST_PART; at <= stem.length - SHORTEST_PART; at++) {
      const [first, second] = [this.ids.get(stem.slice(0, at)), this.ids.get(stem.slice(at))];
      if (first !== undefined && second !== undefined) return [first, second].map((word) => ({ word, credit: PART }));
    }
    return [];
  }
}
