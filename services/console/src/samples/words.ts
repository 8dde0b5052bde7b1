/** Words that say nothing about what is asked. */
const STOP_WORDS = new Set(
  (
    'a an and am are as at be been but by can could did do does for from get give go had has have how i if im in into is it its just let ' +
    'like long make may me might much my need of off on one or our out please should so some t tell than that the their them then there ' +
    'these they this to up us use using want was way we what when where which who why will with without would you your'
  ).split(' '),
);

/** What a query is about, as a set of word stems; for comparing a query with a few others, no more. */
export function stemsOf(query: string): ReadonlySet<string> {
  const words =
    query
      .toLowerCase()
      .replace(/['’]/g, '')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map(stem));
}

/** Dice coefficient of two queries' stems, in [0, 1]. */
export function overlap(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size + other.size === 0) return 0;
  const shared = [...one].filter((word) => other.has(word)).length;
  return (2 * shared) / (one.size + other.size);
}

function stem(word: string): string {
  if (word.length <= 3) return word;
  for (const [ending, least] of [
    ['ing', 6],
    ['ed', 5],
    ['es', 5],
    ['s', 4],
    ['e', 5],
  ] as const) {
    if (word.endsWith(ending) && word.length >= least) return undouble(word.slice(0, -ending.length));
  }
  return word;
}

function undouble(word: string): string {
  return /([bdgmnprt])\1$/.test(word) ? word.slice(0, -1) : word;
}
