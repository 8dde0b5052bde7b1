import type { Distribution } from './token-model.js';

/** A number in [0, 1). */
export type Random = () => number;

/** An outcome of a draw: a token that continues the line, or its end. */
export interface Outcome {
  /** Undefined for the end of the line, whichever token would have ended it. */
  readonly token: number | undefined;
  readonly probability: number;
}

/**
 * The outcomes that are allowed, with probabilities that sum to 1. All tokens that end the line are one outcome, since the text that
 * they leave behind is the same. Empty if nothing is allowed.
 */
export function allowedOutcomes(distribution: Distribution, verdict: (token: number) => 'continue' | 'end' | 'forbidden'): Outcome[] {
  const outcomes: Outcome[] = [];
  let end = 0;
  let total = 0;
  for (const { token, probability } of distribution) {
    const what = verdict(token);
    if (what === 'forbidden') continue;
    total += probability;
    if (what === 'end') end += probability;
    else outcomes.push({ token, probability });
  }
  if (total <= 0) return [];
  if (end > 0) outcomes.push({ token: undefined, probability: end });
  return outcomes.map(({ token, probability }) => ({ token, probability: probability / total }));
}

/** Draws one outcome by its probability; with `greedy` the most probable one, which then is certain. */
export function draw(outcomes: readonly Outcome[], random: Random, greedy: boolean): Outcome | undefined {
  if (greedy) {
    const best = outcomes.reduce<Outcome | undefined>(
      (top, each) => (top === undefined || each.probability > top.probability ? each : top),
      undefined,
    );
    return best && { token: best.token, probability: 1 };
  }
  let left = random();
  for (const outcome of outcomes) {
    left -= outcome.probability;
    if (left < 0) return outcome;
  }
  return outcomes.at(-1);
}
