import { normalise } from '@gqr/chassis/text/normalise';
import { z } from 'zod';
import type { WrittenList } from './written-lists.js';

const interval = z.tuple([z.number(), z.number()]);
const gain = z.object({ difference: z.number(), interval, win: z.number(), tie: z.number(), loss: z.number() });
const score = z.object({ mean: z.number(), interval });

/** What the learner's judge-lists says of one task and policy. */
const judgedSchema = z.object({
  task: z.string(),
  policy: z.string(),
  prompts: z.number(),
  levels: z.object({ low: z.number(), moderate: z.number(), high: z.number() }),
  unlikeQuery: z.number(),
  unlikeResponse: z.number(),
  unlikeList: z.number(),
  relatedness: score,
  exclusivity: score,
  against: z.object({ policy: z.string(), prompts: z.number(), relatedness: gain.optional(), exclusivity: gain.optional() }).optional(),
});

export const judgementSchema = z.object({ figures: z.array(judgedSchema) });

/** Figures of a policy on a task that need no judge. */
export interface WritingFigures {
  readonly task: string;
  readonly policy: string;
  /** Lists that were asked for. */
  readonly lists: number;
  /** Of these, lists that nobody began or finished, for want of time or room: they tell nothing of the policy, and no other figure counts them. */
  readonly unanswered: number;
  /** Share of the others with the number of queries that was asked for. */
  readonly parsed: number;
  /** Share of those whose queries all differ. */
  readonly distinct: number;
  /** Mean words of a query. */
  readonly words: number;
  readonly tokens: number;
  readonly redraws: number;
  /** Mean number of worked examples in the prompt. */
  readonly examples: number;
  readonly milliseconds: { readonly p50: number; readonly p95: number };
  readonly failures: Readonly<Record<string, number>>;
}

export type Figures = WritingFigures & { readonly judged: z.output<typeof judgedSchema> | undefined };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Reasons for which a list was not begun or not finished. */
const UNANSWERED = new Set(['DEADLINE_EXCEEDED', 'OVERLOADED', 'RESOURCE_EXHAUSTED']);

const isWhole = (list: WrittenList): boolean => list.failure === '' && list.queries.length === list.wanted;

/** Figures by task and policy, in the order in which they were asked for. */
export function writingFigures(lists: readonly WrittenList[]): WritingFigures[] {
  const groups = Map.groupBy(lists, ({ task, policy }) => JSON.stringify([task, policy]));
  return [...groups.values()].map((group): WritingFigures => {
    const whole = group.filter(isWhole);
    const unanswered = group.filter(({ failure }) => UNANSWERED.has(failure)).length;
    const times = whole.map(({ milliseconds }) => milliseconds);
    const distinct = whole.filter(({ queries }) => new Set(queries.map(normalise)).size === queries.length);
    const failures = Map.groupBy(
      group.filter(({ failure }) => failure !== ''),
      ({ failure }) => failure,
    );
    return {
      task: group[0]?.task ?? '',
      policy: group[0]?.policy ?? '',
      lists: group.length,
      unanswered,
      parsed: whole.length / Math.max(1, group.length - unanswered),
      distinct: whole.length === 0 ? 0 : distinct.length / whole.length,
      words: mean(whole.flatMap(({ queries }) => queries.map((query) => query.split(/\s+/).length))),
      tokens: mean(whole.map(({ tokens }) => tokens)),
      redraws: mean(whole.map(({ redraws }) => redraws)),
      examples: mean(whole.map(({ examples }) => examples)),
      milliseconds: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
      failures: Object.fromEntries([...failures].map(([failure, all]) => [failure, all.length])),
    };
  });
}
