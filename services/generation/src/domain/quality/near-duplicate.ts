import { normalise } from '@gqr/chassis/text/normalise';

/** Words that carry no subject: two queries that differ in them alone ask the same. Question words such as "why" do carry one. */
const FUNCTION_WORDS = new Set(
  (
    'a about an and any are as at be been by can could did do does for from get give had has have how i in into is it its let me my of on ' +
    'or our please should some tell than that the their them then there these they this those to up us was we were what which will with ' +
    'would you your'
  ).split(' '),
);
/** Share of common words above which two queries ask the same. */
const MIN_JACCARD = 0.8;
/** Likeness of spelling above which they do: misspelt and inflected forms, and scripts that write no spaces. */
const MIN_DICE = 0.86;

/** What the likeness of a text is measured by. */
export interface Likeness {
  readonly words: ReadonlySet<string>;
  readonly trigrams: ReadonlySet<string>;
}

/** A plain stem: enough that singular and plural, and the forms of a regular verb, are one word. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith('ing')) return word.slice(0, -3).replace(/(.)\1$/, '$1');
  if (word.length > 4 && /(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 4 && word.endsWith('ed')) return word.slice(0, -2).replace(/(.)\1$/, '$1');
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss')) return word.slice(0, -1);
  return word;
}

export function likenessOf(text: string): Likeness {
  const plain = normalise(text);
  const words = plain.split(/[^\p{L}\p{N}\p{M}+#]+/u).filter((word) => word !== '' && !FUNCTION_WORDS.has(word));
  const padded = Array.from(` ${plain} `);
  const trigrams = padded.slice(2).map((_, at) => padded.slice(at, at + 3).join(''));
  return { words: new Set(words.map((word) => stem(word).replace(/e$/, ''))), trigrams: new Set(trigrams) };
}

function common(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return a.intersection(b).size;
}

/** Whether two queries ask the same in other words: nearly the same subject words in any order, or nearly the same spelling. */
export function tellTheSame(a: Likeness, b: Likeness): boolean {
  const words = common(a.words, b.words);
  if (a.words.size > 0 && b.words.size > 0 && words / (a.words.size + b.words.size - words) >= MIN_JACCARD) return true;
  // A number or a unit is one character that changes everything: "iphone 15" and "iphone 16".
  if ([...a.words.symmetricDifference(b.words)].some((word) => /\p{N}/u.test(word))) return false;
  return (2 * common(a.trigrams, b.trigrams)) / (a.trigrams.size + b.trigrams.size) >= MIN_DICE;
}
