/** Length in characters as the contract counts them: Unicode code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
