/**
 * Form in which two texts count as the same: width, case, white space and punctuation at the ends do not matter.
 * Whoever stores a normalised text and whoever looks one up must use this very function.
 */
export function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^[\s\p{P}]+|[\s\p{P}]+$/gu, '');
}
