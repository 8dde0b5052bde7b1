import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures, SimulationReport } from '../../domain/report/simulation-report.js';
import { plotsOf } from './plots.js';

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const cells = ({ impressions, clickRate, margin, expectedClickRate, degraded }: Figures): string[] => [
  String(impressions),
  `${percent(clickRate)} ± ${percent(margin)}`,
  percent(expectedClickRate),
  percent(degraded / impressions),
];
/** Names come from files and from models: none of them may end a cell or a line. */
const plain = (name: string): string => name.replace(/[|\r\n]/g, ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(plain).join(' | ')} |`).join('\n');

const FIGURES = ['lists', 'with a click', 'expected', 'degraded'];

export function markdownOf(report: SimulationReport): string {
  const broken = (name: string, rows: SimulationReport['days']): string =>
    `## By ${name}\n\n![Click rate by ${name}](${name}.svg)\n\n${table(
      ['task', name, ...FIGURES],
      rows.map((row) => [row.task, name === 'day' ? String(Number(row.of) + 1) : row.of, ...cells(row)]),
    )}`;
  return `${[
    `# Simulation ${report.simulationId}`,
    `**Simulated.** ${report.warning}. Click rates are shares of all lists shown, with 95% intervals; "expected" is the same without the noise of drawing.`,
    table(
      ['what', 'value'],
      [
        ['started', report.startedAt],
        ...Object.entries(report.spec).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
      ],
    ),
    `## By task\n\n![Click rate by task](task.svg)\n\n${table(
      ['task', ...FIGURES],
      report.tasks.map((figures) => [figures.task, ...cells(figures)]),
    )}`,
    `## By position\n\n![Click rate by position](position.svg)\n\n${table(
      ['task', 'position', 'shown', 'clicked', 'share of clicks'],
      report.positions.map(({ task, position, shown, clickRate, shareOfClicks }) => [
        task,
        String(position),
        String(shown),
        percent(clickRate),
        percent(shareOfClicks),
      ]),
    )}`,
    broken('segment', report.segments),
    broken('policy', report.policies),
    broken('day', report.days),
  ].join('\n\n')}\n`;
}

/** Writes report.json, report.md and the pictures of it. */
export function writeReport(directory: string, report: SimulationReport): void {
  writeFileSync(join(directory, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(directory, 'report.md'), markdownOf(report));
  for (const [name, svg] of Object.entries(plotsOf(report))) writeFileSync(join(directory, name), svg);
}
