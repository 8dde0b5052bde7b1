import { normalise } from '@gqr/chassis/text/normalise';
import { endsLine, judge, type LineRule, type Verdict } from '../grammar/line-rule.js';
import type { Distribution, Vocabulary } from './token-model.js';

/** A number in [0, 1). */
export type Random = () => number;

/** An outcome of a draw: a token that continues the line, or its end. */
export interface Outcome {
  /** Undefined for the end of the line, whichever token would have ended it. */
  readonly token: number | undefined;
  readonly probability: number;
}

const BROKEN_CHARACTERS = /\ufffd+$/;

/**
 * The outcomes behind a line that its rule allows, with probabilities that sum to 1. All tokens that end the line are one outcome,
 * since the text that they leave behind is the same. Empty in a dead end.
 */
export function outcomesBehind(
  line: readonly number[],
  distribution: Distribution,
  vocabulary: Vocabulary,
  rule: LineRule,
  forbidden: ReadonlySet<number>,
): Outcome[] {
  const text = vocabulary.decode(line);
  const outcomes: Outcome[] = [];
  let end = 0;
  for (const { token, probability } of distribution) {
    const verdict = forbidden.has(token) ? 'forbidden' : judgeToken(text, line, token, vocabulary, rule);
    if (verdict === 'forbidden') continue;
    if (verdict === 'end') end += probability;
    else outcomes.push({ token, probability });
  }
  if (end > 0) outcomes.push({ token: undefined, probability: end });
  const possible = text.length < rule.beginning.length ? reachingBeyond(outcomes, line, vocabulary, rule.beginning.length) : outcomes;
  const total = possible.reduce((sum, { probability }) => sum + probability, 0);
  return total <= 0 ? [] : possible.map(({ token, probability }) => ({ token, probability: probability / total }));
}

/** A line that says what the list has already and that the model would end with this probability is given up. */
const WOULD_END = 0.5;

/**
 * Whether the line repeats what is excluded and the model would rather end it than go on. Made to go on, it sticks a word on that has no
 * business there.
 */
export function insistsOnRepeating(line: readonly number[], distribution: Distribution, vocabulary: Vocabulary, rule: LineRule): boolean {
  if (!rule.excluded.has(normalise(vocabulary.decode(line)))) return false;
  let end = 0;
  let total = 0;
  for (const { token, probability } of distribution) {
    total += probability;
    if (token === vocabulary.endOfText || endsLine(vocabulary.decode([token]))) end += probability;
  }
  return end >= WOULD_END * total;
}

/**
 * The outcomes that complete the beginning of a line, if there are any. A model that is made to spell "fr" goes on as it never would
 * behind a whole " freeze".
 */
function reachingBeyond(outcomes: readonly Outcome[], line: readonly number[], vocabulary: Vocabulary, length: number): readonly Outcome[] {
  const reaching = outcomes.filter(({ token }) => token !== undefined && vocabulary.decode([...line, token]).length > length);
  return reaching.length > 0 ? reaching : outcomes;
}

function judgeToken(text: string, line: readonly number[], token: number, vocabulary: Vocabulary, rule: LineRule): Verdict {
  if (token === vocabulary.endOfText) return judge(text, '', true, rule);
  if (vocabulary.isMarker(token)) return 'forbidden';
  // A token may be part of a character: only decoding it with what stands before it shows what it adds.
  const whole = text.replace(BROKEN_CHARACTERS, '');
  const piece = whole === text ? vocabulary.decode([token]) : vocabulary.decode([...line, token]).slice(whole.length);
  return judge(whole, piece, false, rule);
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
