import { describe, expect, it } from 'vitest';
import type { JournalEntry, ShownEntry } from '../simulation/journal.js';
import { simulationReport } from './simulation-report.js';

const shown = (change: Partial<ShownEntry>): ShownEntry => ({
  kind: 'shown',
  task: 'suggestion',
  day: 0,
  segment: 'plain',
  policy: 'p1',
  degraded: false,
  size: 3,
  clicks: [],
  expected: 0.2,
  ...change,
});
const head = {
  id: 'sim-1',
  startedAt: new Date('2026-11-23T00:00:00Z'),
  spec: {
    impressions: 4,
    days: 12,
    users: 2,
    scripts: 0,
    seed: 7n,
    tasks: ['suggestion', 'hint'] as const,
    concurrency: 1,
    rate: 0,
    realTime: false,
    policy: 'gateway',
    world: '',
  },
};
const entries: JournalEntry[] = [
  { kind: 'begun', session: 0 },
  shown({ clicks: [1, 3] }),
  shown({ segment: 'terse', day: 2, policy: 'p2', expected: 0.4, degraded: true }),
  shown({ day: 10, clicks: [1] }),
  shown({ task: 'hint', size: 1, expected: 0.1 }),
];

describe('the report of a simulation', () => {
  const report = simulationReport(head, entries);

  it('has click rates by task, with and without the noise of drawing', () => {
    expect(report.tasks).toMatchObject([
      { task: 'hint', impressions: 1, clickRate: 0, expectedClickRate: 0.1 },
      { task: 'suggestion', impressions: 3, degraded: 1 },
    ]);
    expect(report.tasks[1]?.clickRate).toBeCloseTo(2 / 3);
    expect(report.tasks[1]?.expectedClickRate).toBeCloseTo(0.8 / 3);
  });

  it('has click rates and shares of clicks by position', () => {
    expect(report.positions.filter(({ task }) => task === 'suggestion')).toEqual([
      { task: 'suggestion', position: 1, shown: 3, clickRate: 2 / 3, shareOfClicks: 2 / 3 },
      { task: 'suggestion', position: 2, shown: 3, clickRate: 0, shareOfClicks: 0 },
      { task: 'suggestion', position: 3, shown: 3, clickRate: 1 / 3, shareOfClicks: 1 / 3 },
    ]);
  });

  it('has click rates by segment, policy and day, in order', () => {
    const of = (rows: typeof report.days) =>
      rows.filter(({ task }) => task === 'suggestion').map((row) => [row.of, row.impressions, row.clickRate]);
    expect(of(report.segments)).toEqual([
      ['plain', 2, 1],
      ['terse', 1, 0],
    ]);
    expect(of(report.policies)).toEqual([
      ['p1', 2, 1],
      ['p2', 1, 0],
    ]);
    expect(of(report.days)).toEqual([
      ['0', 1, 1],
      ['2', 1, 0],
      ['10', 1, 1],
    ]);
  });

  it('says that it is simulated and not to be learnt from, and how it was made', () => {
    expect(report).toMatchObject({ traffic: 'simulated', simulationId: 'sim-1', spec: { seed: '7', days: 12 } });
    expect(report.warning).toContain('nothing that learns may read');
  });
});
