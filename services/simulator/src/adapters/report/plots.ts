import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Row, SimulationReport } from '../../domain/report/simulation-report.js';

const COLOURS = { type: 'categorical', range: ['#3b6fb6', '#d1603d', '#4b8b3b', '#8a5fa8', '#b58900', '#2a9d9d', '#888888'] } as const;

/** As much of the DOM as is used here; the server has no other. */
interface Picture {
  readonly tagName: string;
  readonly outerHTML: string;
  getElementsByTagName(name: string): Iterable<Picture>;
  setAttribute(name: string, value: string): void;
}

/** Plot's types speak of a browser's DOM, which this project does not compile against. */
const render = Plot.plot as unknown as (options: Omit<Plot.PlotOptions, 'document'> & { readonly document: unknown }) => Picture;
const page = parseHTML('<html><body></body></html>') as { readonly document: unknown };

/** @param title is taken as it is: no text that comes from outside */
function toSvg(options: Plot.PlotOptions, title: string): string {
  const plot = render({
    document: page.document,
    style: { fontSize: '12px' },
    marginLeft: 56,
    marginTop: 44,
    y: { percent: true, grid: true, label: null, zero: true, nice: true },
    color: COLOURS,
    ...options,
  });
  const [svg] = plot.tagName.toLowerCase() === 'svg' ? [plot] : plot.getElementsByTagName('svg');
  if (svg === undefined) throw new Error('the plot has no picture');
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('style', 'background: white; color: #222');
  const heading = `<text x="8" y="18" text-anchor="start" font-size="13" font-weight="bold">${title} (simulated)</text>`;
  return `${svg.outerHTML.replace(/<\/svg>$/, `${heading}</svg>`)}\n`;
}

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
