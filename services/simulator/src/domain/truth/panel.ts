import type { Random } from '../random/random.js';

/** A list that was shown, as far as a panel needs to know it. */
export interface PanelSource {
  readonly task: string;
  readonly query: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  readonly texts: readonly string[];
}

export interface PanelOptions {
  /** Only lists of this moment and later make situations. */
  readonly from: number;
  readonly situations: number;
  /** Of each situation, for the first place of its list. */
  readonly candidates: number;
  /** How many of them were shown for the situation's own query; the others for any query of the task. */
  readonly own: number;
}

/** What might have been shown first in the situation of a list. */
export interface Situation<T extends PanelSource> {
  readonly list: T;
  readonly texts: readonly string[];
}

/**
 * Draws situations, each of another task and query, with candidates that the log itself holds. Hidden state takes no part in it.
 * Queries for which too few different texts were shown make none.
 */
export function drawPanel<T extends PanelSource>(lists: readonly T[], options: PanelOptions, random: Random): Situation<T>[] {
  const ofPrompt = new Map<string, Set<string>>();
  const ofTask = new Map<string, string[]>();
  const promptOf = ({ task, query }: T): string => JSON.stringify([task, query]);
  for (const list of lists) {
    const own = ofPrompt.get(promptOf(list)) ?? new Set<string>();
    for (const text of list.texts) own.add(text);
    ofPrompt.set(promptOf(list), own);
    const texts = ofTask.get(list.task) ?? [];
    texts.push(...list.texts);
    ofTask.set(list.task, texts);
  }
  const drawn: Situation<T>[] = [];
  const done = new Set<string>();
  const left = lists.filter(({ at }) => at >= options.from);
  while (left.length > 0 && drawn.length < options.situations) {
    const list = takeOne(left, random);
    const own = [...(ofPrompt.get(promptOf(list)) ?? [])].filter((text) => text !== list.query);
    if (done.has(promptOf(list)) || own.length < options.own) continue;
    done.add(promptOf(list));
    const texts = new Set<string>();
    while (texts.size < options.own) texts.add(takeOne(own, random));
    const others = [...new Set(ofTask.get(list.task))].filter((text) => text !== list.query && !texts.has(text));
    while (texts.size < options.candidates && others.length > 0) texts.add(takeOne(others, random));
    if (texts.size === options.candidates) drawn.push({ list, texts: [...texts] });
  }
  return drawn;
}

/** Takes any one out of a list that is not empty. */
function takeOne<T>(from: T[], random: Random): T {
  const at = Math.min(from.length - 1, Math.floor(random() * from.length));
  const [taken] = from.splice(at, 1);
  if (taken === undefined) throw new RangeError('nothing is left to draw');
  return taken;
}
