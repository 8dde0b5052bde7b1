import type { CtrEvaluation, CtrFigures, Slice, SpanFigures } from './ctr-figures.js';
import { markdownTable } from './markdown.js';

/** A figure, or a dash where it does not exist. */
export const decimal = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? '-' : value.toFixed(digits);
const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(2)}%`);
/** An interval, or a dash where it does not exist. */
export const between = (interval: readonly [number, number] | null, digits: number): string =>
  interval === null ? '-' : `${interval[0].toFixed(digits)} to ${interval[1].toFixed(digits)}`;

/** The table of an evaluation: the model and the baselines, over all tasks and for each. */
export const CTR_HEAD = [
  'TASK',
  'PREDICTOR',
  'SHOWN',
  'CLICKS',
  'AUC',
  '95%',
  'WITHIN LIST',
  'WITHIN PROMPT',
  'LOGLOSS',
  'ECE',
  'DIFF_CTR',
];

function rowOf(task: string, predictor: string, figures: CtrFigures): string[] {
  return [
    task,
    predictor,
    String(figures.instances),
    String(figures.clicks),
    decimal(figures.auc, 3),
    between(figures.aucIntervalOfClusters, 3),
    decimal(figures.aucWithinList, 3),
    decimal(figures.aucWithinPrompt, 3),
    decimal(figures.logloss, 4),
    decimal(figures.calibrationError, 4),
    figures.diffCtr?.toExponential(2) ?? '-',
  ];
}

export function ctrRows({ model, byTask, baselines }: CtrEvaluation): string[][] {
  const others = Object.entries(baselines);
  const tasks = Object.entries(byTask);
  return [
    rowOf('all', 'model', model),
    ...others.map(([name, figures]) => rowOf('all', name, figures)),
    ...tasks.flatMap(([task, figures]) => [
      rowOf(task, 'model', figures),
      ...others.flatMap(([name, { byTask: own }]) => (own[task] === undefined ? [] : [rowOf(task, name, own[task])])),
    ]),
  ];
}

/** Why figures do not exist or cannot be trusted, a sentence each. */
export function reasons({ model, byTask, notes: { testPanesInTraining: known = 0 } }: CtrEvaluation): string[] {
  const parts = Object.entries({ all: model, ...byTask });
  const none = parts.flatMap(([task, { missing }]) => Object.entries(missing).map(([name, reason]) => `${task}: no ${name}: ${reason}`));
  return known === 0 ? none : [`${String(known)} test panes are in the training file too: figures are too good`, ...none];
}

/** Whether the model is better than what reads no text. */
export function verdicts({ baselines }: CtrEvaluation): string[] {
  return Object.entries(baselines).map(([name, { loglossOfModelLess: gain, standardError: error }]) => {
    const verdict = Math.abs(gain) < 2 * error ? 'no better or worse than' : gain < 0 ? 'better than' : 'worse than';
    return `${verdict} ${name}: logloss ${gain > 0 ? '+' : ''}${gain.toFixed(4)} (standard error ${error.toFixed(4)})`;
  });
}

/** The ranking against the truth, in a sentence; undefined where there is no truth. */
export function truthLine({ model: { truth }, baselines }: CtrEvaluation): string | undefined {
  if (truth === null) return undefined;
  const others = Object.entries(baselines).map(([name, { truth: other }]) => `${name} ${decimal(other?.withinPrompt, 3)}`);
  const situation = `${decimal(truth.withinContext, 3)} in one situation (${String(truth.contextsCompared)} compared)`;
  const within = `${decimal(truth.withinPrompt, 3)} within a prompt (goal ${truth.goal.toFixed(1)}; ${String(truth.promptsCompared)} compared)`;
  return `${situation}, ${within}, ${decimal(truth.withinList, 3)} within a list, ${decimal(truth.overall, 3)} over all; ${others.join(', ')}`;
}

/** The ranking of a panel's candidates, in a sentence; undefined where there is no panel. */
export function panelLine({ model: { panel } }: CtrEvaluation): string | undefined {
  if (panel === null) return undefined;
  const goal = `goal ${panel.goal.toFixed(1)}; ${String(panel.situations)} situations`;
  return `${decimal(panel.correlation, 3)} among candidates of one situation (95% ${between(panel.interval, 3)}; ${goal})`;
}

const SPAN_HEAD = ['SPAN', 'LISTS', 'SHOWN', 'CLICKS', 'CLICK RATE', 'FROM', 'TO', 'TRAFFIC'];

/** A row of a span of a log. */
function spanRow(name: string, span: SpanFigures): string[] {
  const counts = [span.lists, span.instances, span.clicks].map(String);
  return [name, ...counts, percent(span.clickRate), span.start.slice(0, 16), span.end.slice(0, 16), span.traffic];
}

export function spanTable(spans: Readonly<Record<string, SpanFigures>>): string {
  const rows = Object.entries(spans).map(([name, span]) => spanRow(name, span));
  return markdownTable(SPAN_HEAD, rows);
}

function sliceTable(kind: string, slices: readonly Slice[]): string {
  const rows = slices.map((slice) => [
    slice.slice,
    String(slice.instances),
    String(slice.clicks),
    percent(slice.clickRate),
    slice.clickRateInterval === null ? '-' : `${percent(slice.clickRateInterval[0])} to ${percent(slice.clickRateInterval[1])}`,
    percent(slice.meanPrediction),
    decimal(slice.auc, 3),
    decimal(slice.logloss, 4),
  ]);
  return markdownTable([kind, 'shown', 'clicks', 'click rate', '95%', 'mean prediction', 'AUC', 'logloss'], rows);
}

function lengthTable(biases: CtrEvaluation['lengthBias']): string {
  const rows = Object.entries(biases).map(([task, bias]) => [
    task,
    decimal(bias.scoreWithWords, 3),
    decimal(bias.clickWithWords, 3),
    decimal(bias.excessPerWord, 4),
    between(bias.interval, 4),
    bias.verdict ?? bias.missing['excessPerWord'] ?? '',
  ]);
  return markdownTable(['task', 'score with words', 'click with words', 'excess a word', '95%', 'verdict'], rows);
}

function seedTable({ seeds: { bySeed, ...summaries } }: CtrEvaluation): string {
  const rows = Object.entries(summaries).map(([name, { mean, deviation }]) => [name, decimal(mean, 5), decimal(deviation, 5)]);
  return markdownTable([`over ${String(bySeed.length)} seeds`, 'mean', 'standard deviation'], rows);
}

export function ctrMarkdown(found: CtrEvaluation, what: string): string {
  const { model, notes, promptsNotInTraining: unseen } = found;
  const truth = truthLine(found);
  const panel = panelLine(found);
  const quiet = model.daysWithoutClick.length === 0 ? 'none' : model.daysWithoutClick.join(', ');
  return `# Evaluation of the click predictor

${what}

${spanTable(found.data)}

Labels: ${notes.labels}.${notes.days === undefined ? '' : ` Days: ${notes.days}.`}

## Figures

${markdownTable(CTR_HEAD, ctrRows(found))}

AUC has a 95% bootstrap over ${model.clusters}; by DeLong, which takes shown queries for independent, it is ${between(model.aucInterval, 3)}. "Within" is the mean
AUC of lists, or of prompts, that have a clicked and an unclicked query. ECE is over 15 bins of equally many queries, diff_ctr is Eq. 9 over ${String(model.days)} days
(without a click: ${quiet}).

${[
  ...verdicts(found).map((verdict) => `The model is ${verdict}.`),
  ...(truth === undefined ? [] : [`Rank correlation with the true click probability: ${truth}.`]),
  ...(panel === undefined ? [] : [`Rank correlation with the true click probability on the panel: ${panel}.`]),
  `On prompts that training did not have: AUC ${decimal(unseen.auc, 3)} of ${String(unseen.instances)} shown queries.`,
  ...reasons(found),
]
  .map((sentence) => `- ${sentence}`)
  .join('\n')}

${seedTable(found)}

## Calibration

![reliability](reliability.svg)

## Slices

![slices](slices.svg)

${sliceTable('position', found.slices.position)}

${sliceTable('words', found.slices.words)}

${sliceTable('day', found.slices.day)}

## Length

Excess is prediction less click; its slope over words is taken within task and position. Above 0, the predictor likes long queries more than
users do, which alignment would amplify (paper 3.2.2).

${lengthTable(found.lengthBias)}
`;
}
