import { toSvg } from '@gqr/chassis/plot/to-svg';
import * as Plot from '@observablehq/plot';
import type { Figures } from './figures.js';
import { markdownTable } from './markdown.js';

const percent = (share: number | undefined): string => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`);
const between = (interval: readonly [number, number] | undefined): string =>
  interval === undefined ? '' : `${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}`;
const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(3)}`;

/** The table of an evaluation: a row for each task and policy. */
export const HEAD = ['TASK', 'POLICY', 'LISTS', 'PARSED', 'DISTINCT', 'RELATED', '95%', 'EXCLUSIVE', '95%', 'WORDS', 'P50', 'P95'];

export function rowOf({ task, policy, lists, parsed, distinct, words, milliseconds, judged }: Figures): string[] {
  const { relatedness, exclusivity } = judged ?? {};
  return [
    task,
    policy,
    String(lists),
    percent(parsed),
    percent(distinct),
    relatedness?.mean.toFixed(2) ?? '',
    between(relatedness?.interval),
    exclusivity?.mean.toFixed(2) ?? '',
    between(exclusivity?.interval),
    words.toFixed(1),
    `${milliseconds.p50.toFixed(0)} ms`,
    `${milliseconds.p95.toFixed(0)} ms`,
  ];
}

/** Win, tie and loss against the first policy, as in Fig. 5 of the paper. */
export const AGAINST_HEAD = ['TASK', 'POLICY', 'AGAINST', 'MEASURE', 'DIFFERENCE', '95%', 'WIN', 'TIE', 'LOSS', 'PROMPTS'];

export function againstRows({ task, policy, judged }: Figures): string[][] {
  const { against } = judged ?? {};
  if (against === undefined) return [];
  return (['relatedness', 'exclusivity'] as const).flatMap((measure) => {
    const gain = against[measure];
    if (gain === undefined) return [];
    const { difference, interval, win, tie, loss } = gain;
    const shares = [percent(win), percent(tie), percent(loss)];
    return [[task, policy, against.policy, measure, signed(difference), between(interval), ...shares, String(against.prompts)]];
  });
}

/** How many worked examples the prompts had on average; empty if none had any. */
export function examplesOf(figures: readonly Figures[]): string {
  return figures.flatMap(({ task, examples }) => (examples > 0 ? [`${task} ${examples.toFixed(1)} a prompt`] : [])).join(', ');
}

/** Lists that nobody wrote, by task and policy, with the reasons; empty if there are none. */
export function unansweredOf(figures: readonly Figures[]): string {
  return figures
    .filter(({ unanswered }) => unanswered > 0)
    .map(({ task, policy, lists, unanswered, failures }) => {
      const reasons = Object.keys(failures).join(', ');
      return `${task} ${policy} ${String(unanswered)} of ${String(lists)} (${reasons})`;
    })
    .join(', ');
}

/** @param judge who judged */
export function toMarkdown(figures: readonly Figures[], judge: string): string {
  const against = figures.flatMap(againstRows);
  const shown = examplesOf(figures);
  const examples =
    shown === ''
      ? ''
      : `\nfew-shot is the bare model with written examples of the training split before the prompt, as many as fit: ${shown}.\n`;
  const missing = unansweredOf(figures);
  const unanswered = missing === '' ? '' : `\nNot answered, and in no figure: ${missing}. Figures are of the quicker prompts then.\n`;
  const comparison = against.length === 0 ? '' : `\n## Against the first policy\n\n${markdownTable(AGAINST_HEAD, against)}\n`;
  return `# Evaluation of generation

Relatedness is the mean level of a list's queries (low 0, moderate 0.5, high 1), exclusivity the share of those that are unlike the user's query,
the answer and the queries before them (paper appendix B.1); judged by ${judge}. Intervals are bootstraps over prompts.
${examples}${unanswered}
${markdownTable(HEAD, figures.map(rowOf))}
${comparison}
![relatedness](relatedness.svg)

![exclusivity](exclusivity.svg)
`;
}

/** Levels of relatedness, best first. */
const LEVELS: ('high' | 'moderate' | 'low')[] = ['high', 'moderate', 'low'];

const NAME_WIDTH = 250;
const ROW_HEIGHT = 28;

/** Shares a policy, one below the other. */
function bars(
  data: readonly { readonly name: string; readonly part: string; readonly share: number }[],
  stacked: boolean,
  heading: string,
) {
  const names = [...new Set(data.map(({ name }) => name))];
  const parts = new Set(data.map(({ part }) => part)).size;
  const facets = stacked ? { y: 'name' } : { fy: 'name', y: 'part' };
  return toSvg(
    {
      width: 760,
      height: 110 + ROW_HEIGHT * names.length * (stacked ? 1 : parts),
      marginLeft: stacked ? NAME_WIDTH : 120,
      marginRight: stacked ? 20 : NAME_WIDTH,
      x: { percent: true, grid: true, label: null, domain: [0, 100] },
      y: { label: null, ...(stacked && { domain: names }) },
      fy: { label: null },
      marks: [
        Plot.barX(data, { ...facets, x: 'share', z: 'part', fill: 'part', ...(stacked && { order: LEVELS }) }),
        Plot.text(
          data.filter(({ share }) => share > 0.06),
          stacked
            ? Plot.stackX({ y: 'name', x: 'share', z: 'part', order: LEVELS, text: 'part', fill: 'white' })
            : { ...facets, x: 'share', text: ({ share }: { share: number }) => percent(share), dx: -24, fill: 'white' },
        ),
        Plot.ruleX([0]),
      ],
    },
    heading,
  );
}

/** Pictures by file name. */
export function plotsOf(figures: readonly Figures[]): Record<string, string> {
  const judged = figures.flatMap(({ task, policy, judged: of }) => (of === undefined ? [] : [{ name: `${task}: ${policy}`, of }]));
  const levels = judged.flatMap(({ name, of }) => LEVELS.map((part) => ({ name, part, share: of.levels[part] })));
  const kinds = judged.flatMap(({ name, of }) => [
    { name, part: 'unlike query', share: of.unlikeQuery },
    { name, part: 'unlike answer', share: of.unlikeResponse },
    { name, part: 'unlike list', share: of.unlikeList },
  ]);
  return {
    'relatedness.svg': bars(levels, true, 'Relatedness of queries to the user’s query'),
    'exclusivity.svg': bars(kinds, false, 'Exclusivity of queries'),
  };
}
