import type { Source } from '../journal.js';

/** The steps of the ladder, best first. */
const LADDER = ['whole', 'unscored', 'cooccurrence', 'popular', 'empty'] as const;
export type Level = (typeof LADDER)[number];

/** Why an answer is less than it could be. */
export interface Degradation {
  /** The lowest step of the ladder that was needed; "whole" where the list is as it should be and something beside it is missing. */
  readonly level: Level;
  /** Such as "GENERATION_TIMEOUT", in the order in which things went wrong. */
  readonly reasons: readonly string[];
}

const LEVEL_OF_SOURCE: Readonly<Record<Source, Level>> = { generation: 'whole', cooccurrence: 'cooccurrence', popular: 'popular' };

/** The degradation of a list; undefined if it is not degraded. */
export function degradationOf(list: {
  readonly length: number;
  /** Sources of the queries that stand in for what the language model did not write. */
  readonly standIns: readonly Source[];
  readonly scored: boolean;
  readonly reasons: readonly string[];
}): Degradation | undefined {
  const levels: Level[] = list.standIns.map((source) => LEVEL_OF_SOURCE[source]);
  if (list.length === 0) levels.push('empty');
  else if (!list.scored) levels.push('unscored');
  const level = LADDER[Math.max(0, ...levels.map((step) => LADDER.indexOf(step)))] ?? 'whole';
  return level === 'whole' && list.reasons.length === 0 ? undefined : { level, reasons: list.reasons };
}
