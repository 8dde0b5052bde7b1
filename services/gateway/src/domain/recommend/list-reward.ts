/** What a list is worth, by the kind of reward that its task declares. */
export type ListReward = 'multi' | 'single';

/** Probability of at least one click, Eq. 3, or the expected number of clicks, Eq. 4. */
export function listReward(kind: ListReward, clickProbabilities: readonly number[]): number {
  return kind === 'multi'
    ? 1 - clickProbabilities.reduce((none, p) => none * (1 - p), 1)
    : clickProbabilities.reduce((clicks, p) => clicks + p, 0);
}
