/** A moment to the second and a suffix, as they stand in ids of runs and versions of models: 20261123t231500-a1b2c3. */
export function stampOf(moment: number, suffix: string): string {
  const digits = new Date(moment).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  return `${digits}-${suffix}`;
}
