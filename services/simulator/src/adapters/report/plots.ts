import { COLOURS, toSvg as draw } from '@gqr/chassis/plot/to-svg';
import * as Plot from '@observablehq/plot';
import type { Row, SimulationReport } from '../../domain/report/simulation-report.js';

/** @param title is taken as it is: no text that comes from outside */
const toSvg = (options: Plot.PlotOptions, title: string): string => draw(options, `${title} (simulated)`);

const interval = ({ clickRate, margin }: Row | SimulationReport['tasks'][number]) => ({
  low: Math.max(0, clickRate - margin),
  high: Math.min(1, clickRate + margin),
});

function bars(rows: readonly Row[], title: string): string {
  const data = rows.map((row) => ({ ...row, ...interval(row) }));
  const marks = [
    Plot.barY(data, { fx: 'task', x: 'of', y: 'clickRate', fill: 'of' }),
    Plot.ruleX(data, { fx: 'task', x: 'of', y1: 'low', y2: 'high', stroke: '#222' }),
    Plot.ruleY([0]),
  ];
  return toSvg({ width: 760, marginBottom: 76, fx: { label: null }, x: { label: null, tickRotate: -30 }, marks }, title);
}

const ROW_HEIGHT = 26;

/** One bar a row: names of policies are long, and few of them make lists of more than one task. */
function rowsOf(rows: readonly Row[], title: string): string {
  const data = rows.map((row) => ({ ...row, ...interval(row), name: `${row.task}: ${row.of}`, lists: `${row.impressions} lists` }));
  const names = data.map(({ name }) => name);
  return toSvg(
    {
      width: 760,
      height: 90 + ROW_HEIGHT * names.length,
      marginLeft: 260,
      marginRight: 90,
      x: { percent: true, grid: true, label: null, zero: true, nice: true },
      y: { domain: names, label: null },
      marks: [
        Plot.barX(data, { y: 'name', x: 'clickRate', fill: 'task' }),
        Plot.ruleY(data, { y: 'name', x1: 'low', x2: 'high', stroke: '#222' }),
        Plot.text(data, { y: 'name', x: 'high', text: 'lists', textAnchor: 'start', dx: 6, fill: '#666' }),
        Plot.ruleX([0]),
      ],
    },
    title,
  );
}

/** Pictures of a report by file name. Rates are shares of lists with a click, with their 95% intervals. */
export function plotsOf(report: SimulationReport): Record<string, string> {
  const days = report.days.map((row) => ({ ...row, day: Number(row.of) + 1 }));
  const tasks = report.tasks.map((figures) => ({ ...figures, ...interval(figures) }));
  return {
    'task.svg': toSvg(
      {
        x: { label: null },
        marks: [
          Plot.barY(tasks, { x: 'task', y: 'clickRate', fill: 'task' }),
          Plot.ruleX(tasks, { x: 'task', y1: 'low', y2: 'high', stroke: '#222' }),
          Plot.ruleY([0]),
        ],
      },
      'Lists with a click, %, by task',
    ),
    'position.svg': toSvg(
      {
        width: 760,
        fx: { label: null },
        x: { label: 'position' },
        marks: [Plot.barY(report.positions, { fx: 'task', x: 'position', y: 'clickRate', fill: 'task' }), Plot.ruleY([0])],
      },
      'Queries clicked, %, by position',
    ),
    'segment.svg': bars(report.segments, 'Lists with a click, %, by segment'),
    'policy.svg': rowsOf(report.policies, 'Lists with a click, %, by policy'),
    'day.svg': toSvg(
      {
        width: 760,
        x: { label: 'day', tickFormat: 'd' },
        color: { ...COLOURS, legend: false },
        marks: [
          Plot.lineY(days, { x: 'day', y: 'clickRate', stroke: 'task', strokeWidth: 2 }),
          Plot.dot(days, { x: 'day', y: 'clickRate', fill: 'task', r: 2.5 }),
          Plot.text(days, Plot.selectLast({ x: 'day', y: 'clickRate', z: 'task', text: 'task', fill: 'task', textAnchor: 'end', dy: -10 })),
          Plot.ruleY([0]),
        ],
      },
      'Lists with a click, %, by day',
    ),
  };
}
