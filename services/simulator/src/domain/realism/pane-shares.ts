import type { StandInPolicy } from '../measure/stand-in-policies.js';
import type { Layout, TaskId } from '../population/behaviour.js';
import type { SessionSource } from '../population/session-source.js';
import { randomFor } from '../random/random.js';

/** What users do with panes of one number of options. */
export interface PaneShares {
  /** Share of all clicks by position. */
  readonly byPosition: readonly number[];
  /** Share of panes without a click. */
  readonly withoutClick: number;
  /** By number of words: clicks of an option relative to those of the average option at its position. */
  readonly byWords: ReadonlyMap<number, number>;
}

/** Shows panes of a number of options to users who come for a task, and adds up click probabilities: no drawing, so no noise. */
export function paneShares(
  source: SessionSource,
  policy: StandInPolicy,
  { continueAfterClick }: Layout,
  { task, options, sessions }: { readonly task: TaskId; readonly options: number; readonly sessions: number },
): PaneShares {
  const clicks = Array.from({ length: options }, () => 0);
  const cells: { at: number; words: number; clicked: number }[] = [];
  let [panes, without] = [0, 0];
  for (let index = 0; index < sessions; index++) {
    const session = source.session(index);
    const random = randomFor(0n, 'pane', index);
    // One list need not have as many; two are drawn.
    const texts = [...new Set([0, 1].flatMap(() => policy(session.turn, task, random).map(({ text }) => text)))].slice(0, options);
    if (texts.length < options) continue;
    const probabilities = session.clickProbabilities(
      task,
      texts.map((text) => ({ text, query: text })),
    );
    let reaches = 1;
    for (const [at, probability] of probabilities.entries()) {
      const clicked = reaches * probability;
      clicks[at] = (clicks[at] ?? 0) + clicked;
      cells.push({ at, words: texts[at]?.split(/\s+/).length ?? 0, clicked });
      reaches *= 1 - probability * (1 - continueAfterClick);
    }
    panes++;
    without += probabilities.reduce((none, probability) => none * (1 - probability), 1);
  }
  const total = clicks.reduce((sum, count) => sum + count, 0);
  return { byPosition: clicks.map((count) => count / total), withoutClick: without / panes, byWords: liftByWords(cells, clicks, panes) };
}

/** Clicks of options of a length, relative to those of the average option at the same position; lengths with few options are left out. */
export function liftByWords(
  cells: readonly { readonly at: number; readonly words: number; readonly clicked: number }[],
  clicksByPosition: readonly number[],
  panes: number,
): Map<number, number> {
  const sums = new Map<number, { count: number; clicked: number; usual: number }>();
  for (const { at, words, clicked } of cells) {
    const sum = sums.get(words) ?? { count: 0, clicked: 0, usual: 0 };
    sums.set(words, { count: sum.count + 1, clicked: sum.clicked + clicked, usual: sum.usual + (clicksByPosition[at] ?? 0) / panes });
  }
  const enough = [...sums].filter(([, { count, usual }]) => count >= 30 && usual > 0).sort(([a], [b]) => a - b);
  return new Map(enough.map(([words, { clicked, usual }]) => [words, clicked / usual]));
}
