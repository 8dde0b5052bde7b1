import type { Table2, Table2Row } from './ctr-figures.js';
import { between, decimal, spanTable } from './ctr-report.js';
import { markdownTable } from './markdown.js';

type Summary = Table2Row['auc'];

/** The table, a row for each data set and model. */
export const TABLE2_HEAD = [
  'DATA',
  'MODEL',
  'AUC',
  'PAPER',
  'LOGLOSS',
  'PAPER',
  'DIFF_CTR',
  'PAPER',
  'WITHIN LIST',
  'WITHIN PROMPT',
  'ECE',
];

const spread = ({ mean, deviation }: Summary, digits: number): string =>
  `${decimal(mean, digits)}${deviation === null ? '' : ` ± ${deviation.toFixed(digits)}`}`;
const small = (value: number | null | undefined): string => value?.toExponential(2) ?? '-';

export function table2Rows({ rows }: Table2): string[][] {
  return rows.map((row) => [
    row.data,
    row.model,
    spread(row.auc, 4),
    decimal(row.paper?.auc, 4),
    spread(row.logloss, 4),
    decimal(row.paper?.logloss, 4),
    small(row.diffCtr.mean),
    small(row.paper?.diffCtr),
    decimal(row.aucWithinList.mean, 3),
    decimal(row.aucWithinPrompt.mean, 3),
    decimal(row.calibrationError.mean, 4),
  ]);
}

function claimTable({ claims }: Table2): string {
  const rows = claims.map(({ data, claim, paper, difference, interval, verdict }) => [
    data,
    claim,
    decimal(paper, 4),
    decimal(difference, 4),
    between(interval, 4),
    verdict,
  ]);
  return markdownTable(['data', 'claim', 'paper', 'here', '95% over seeds', 'verdict'], rows);
}

function orderLines({ order }: Table2): string {
  return Object.entries(order)
    .map(([data, { ours, paper, rankCorrelation }]) =>
      [
        `- **${data}**, rank correlation of the two orders ${decimal(rankCorrelation, 2)}`,
        `  - here: ${ours.join(', ')}`,
        `  - paper: ${paper.join(', ')}`,
      ].join('\n'),
    )
    .join('\n');
}

/** Settings that say what was trained, in the order of the config. */
const SETTINGS = [
  'layers',
  'hidden',
  'heads',
  'intermediate',
  'embedding',
  'vocabulary',
  'wordVectors',
  'positionBias',
  'init',
  'pretrained',
  'epochs',
  'patience',
  'batchSize',
  'learningRate',
  'bf16',
  'seed',
  'seeds',
  'testShare',
  'views',
];

export function table2Markdown(found: Table2): string {
  const { config, cellsDone, cells, data, byCell } = found;
  const settings = SETTINGS.filter((name) => config[name] !== undefined && config[name] !== '').map(
    (name) => `${name} ${String(config[name])}`,
  );
  const devices = [...new Set(byCell.map(({ device }) => device))].join(', ');
  const hours = byCell.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  const spans = Object.entries(data).map(([name, { spans: own, notes }]) => {
    const days = notes.days === undefined ? '' : ` Days: ${notes.days}.`;
    return `### ${name}\n\n${spanTable(own)}\n\nLabels: ${notes.labels}.${days}`;
  });
  return `# Table 2: click predictors

${String(cellsDone)} of ${String(cells)} trainings, ${hours.toFixed(2)} hours on ${devices}. ${settings.join(', ')}.

The paper's figures are of clicks in Baidu's search, which nobody else has: levels cannot be compared, orders can. Data other than mimics is
simulated: it says what these models can learn of the simulator's users, and nothing of people. \`mimics\` are real clicks on clarification panes,
held against the paper's task 2. Rows \`position\` (click rate by task and position) and \`mean\` read no text. ± is the standard deviation over seeds;
of mimics, each seed is tested on another part of the panes.

${markdownTable(TABLE2_HEAD, table2Rows(found))}

![AUC](table2-auc.svg)

## Order

${orderLines(found)}

Whether the differences that the paper reports are seen here, in AUC, averaged over what else the models differ in. The interval is Student's over
seeds: it knows of chance in training, and not of chance in the choice of test lists. Undecided means that it holds 0, or that one seed was trained.

${claimTable(found)}

## Data

${spans.join('\n\n')}
`;
}
