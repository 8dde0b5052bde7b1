import { toSvg } from '@gqr/chassis/plot/to-svg';
import * as Plot from '@observablehq/plot';
import type { CtrEvaluation, Table2 } from './ctr-figures.js';

/** Predicted and real click rate over bins of rising prediction: on the diagonal they agree. */
function reliabilityPlot({ reliability }: CtrEvaluation): string {
  const points = Object.entries(reliability).flatMap(([task, bins]) =>
    bins.map(({ meanPrediction, clickRate, interval: [low, high] }) => ({ task, meanPrediction, clickRate, low, high })),
  );
  const tasks = Object.keys(reliability);
  const most = Math.max(...points.map(({ meanPrediction, high }) => Math.max(meanPrediction, high)));
  return toSvg(
    {
      width: 130 + 230 * tasks.length,
      height: 340,
      fx: { label: null, domain: tasks },
      x: { percent: true, label: 'predicted, %', nice: true, ticks: 4 },
      y: { percent: true, label: null, grid: true, nice: true },
      marks: [
        Plot.line(
          tasks.flatMap((task) => [0, most].map((rate) => ({ task, rate }))),
          { fx: 'task', x: 'rate', y: 'rate', z: 'task', stroke: '#bbb' },
        ),
        Plot.ruleX(points, { fx: 'task', x: 'meanPrediction', y1: 'low', y2: 'high', stroke: '#3b6fb6', strokeOpacity: 0.5 }),
        Plot.dot(points, { fx: 'task', x: 'meanPrediction', y: 'clickRate', fill: '#3b6fb6', r: 3 }),
      ],
    },
    'Reliability: click rate (%) by predicted probability, with 95% intervals',
  );
}

/** Predicted and real click rate by position, length and day. */
function slicePlot({ slices }: CtrEvaluation): string {
  const bars = Object.entries(slices).flatMap(([kind, parts]) =>
    parts.map((part, at) => ({
      kind,
      at,
      name: kind === 'day' ? part.slice.slice(5) : part.slice,
      clicked: part.clickRate ?? 0,
      low: part.clickRateInterval?.[0] ?? 0,
      high: part.clickRateInterval?.[1] ?? 0,
      predicted: part.meanPrediction ?? 0,
    })),
  );
  const most = Math.max(...bars.map(({ high, predicted }) => Math.max(high, predicted)));
  return toSvg(
    {
      width: 1000,
      height: 300,
      fx: { label: null, axis: 'top', domain: Object.keys(slices) },
      x: { axis: null, inset: 10 },
      y: { percent: true, grid: true, label: null, domain: [0, 100 * most] },
      marginBottom: 60,
      marks: [
        Plot.rectY(bars, {
          fx: 'kind',
          x1: ({ at }: { at: number }) => at - 0.4,
          x2: ({ at }: { at: number }) => at + 0.4,
          y: 'clicked',
          fill: '#c9d8ee',
        }),
        Plot.ruleX(bars, { fx: 'kind', x: 'at', y1: 'low', y2: 'high', stroke: '#3b6fb6' }),
        Plot.dot(bars, { fx: 'kind', x: 'at', y: 'predicted', fill: '#d1603d', r: 4 }),
        Plot.text(bars, { fx: 'kind', x: 'at', text: 'name', frameAnchor: 'bottom', dy: 10, rotate: -40, textAnchor: 'end', fontSize: 10 }),
      ],
    },
    'Click rate (bars, %, with 95% intervals) and prediction (dots) by position, words and day',
  );
}

/** Pictures of an evaluation by file name. */
export function ctrPlots(found: CtrEvaluation): Record<string, string> {
  return { 'reliability.svg': reliabilityPlot(found), 'slices.svg': slicePlot(found) };
}

/** AUC of each model on each data set, the paper's beside it where it has one. */
export function table2Plot({ rows }: Table2): string {
  const known = rows.flatMap(({ data, model, auc: { mean, deviation }, paper }) =>
    mean === null ? [] : [{ data, model, mean, low: mean - (deviation ?? 0), high: mean + (deviation ?? 0), paper: paper?.auc ?? null }],
  );
  const sets = [...new Set(known.map(({ data }) => data))];
  const models = [...new Set(known.map(({ model }) => model))];
  return toSvg(
    {
      width: 180 + 220 * sets.length,
      height: 90 + 24 * models.length,
      marginLeft: 110,
      fx: { label: null, domain: sets },
      x: { label: 'AUC (filled: here, with standard deviation over seeds; ring: the paper’s)', grid: true, nice: true, ticks: 4 },
      y: { type: 'point', percent: false, label: null, domain: models },
      marks: [
        Plot.ruleY(known, { fx: 'data', y: 'model', x1: 'low', x2: 'high', stroke: '#3b6fb6', strokeWidth: 2 }),
        Plot.dot(known, { fx: 'data', y: 'model', x: 'mean', fill: '#3b6fb6', r: 4 }),
        Plot.dot(
          known.filter(({ paper }) => paper !== null),
          { fx: 'data', y: 'model', x: 'paper', stroke: '#d1603d', r: 4 },
        ),
      ],
    },
    'Table 2: AUC of click predictors',
  );
}
