/** Eq. 3: the probability that at least one query of a list is clicked, for lists of which several queries can be clicked. */
export function multiReward(clickProbabilities: readonly number[]): number {
  return 1 - clickProbabilities.reduce((none, p) => none * (1 - p), 1);
}

/** Eq. 4: the expected number of clicks, for lists of which one click excludes the others. */
export function singleReward(clickProbabilities: readonly number[]): number {
  return clickProbabilities.reduce((sum, p) => sum + p, 0);
}
