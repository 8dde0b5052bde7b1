/** Twins of functions in gqr_learner/ctr/tiny.py: the same texts and the same digests come out in both languages. */

const LATIN = "aeinrst AB.-'";
const SEED = 3;
export const TEXTS_A_DIGEST = 40;

/** Numerical Recipes' constants, modulo 2^32. */
class Lcg {
  private state = SEED;

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % bound;
  }
}

/** Texts of the characters of others, a half of them Latin. */
export function drawnTexts(texts: readonly string[], count: number): string[] {
  const order = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
  const alphabet = [...new Set(texts.flatMap((text) => Array.from(text)))].sort(order);
  const random = new Lcg();
  const character = (): string =>
    random.below(2) === 0 ? LATIN.charAt(random.below(LATIN.length)) : (alphabet[random.below(alphabet.length)] ?? '');
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(40) }, character).join(''));
}

/** FNV-1a, 32 bits, over the ids of several texts, each text followed by 2^16. */
export function digest(rows: readonly (readonly number[])[]): number {
  let value = 2166136261;
  for (const row of rows) for (const number of [...row, 2 ** 16]) value = Math.imul(value ^ number, 16777619) >>> 0;
  return value;
}
