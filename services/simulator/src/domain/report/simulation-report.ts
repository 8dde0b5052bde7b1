import type { TaskId } from '../population/behaviour.js';
import type { JournalEntry, ShownEntry, SimulationHead } from '../simulation/journal.js';

/** Lists of one kind, and what came of them. */
export interface Figures {
  readonly impressions: number;
  /** Share of them with a click. */
  readonly clickRate: number;
  /** Half the width of the 95% interval of the click rate (Wald); lists of one user are alike, which it does not know. */
  readonly margin: number;
  /** Expected click rate, without the noise of drawing. Hidden. */
  readonly expectedClickRate: number;
  readonly degraded: number;
}

export interface Row extends Figures {
  readonly task: TaskId;
  /** Segment, policy or day. */
  readonly of: string;
}

/** What came of a simulation. Part of it is hidden: it is for evaluation, and nothing that learns may read it. */
export interface SimulationReport {
  readonly traffic: 'simulated';
  readonly warning: string;
  readonly simulationId: string;
  readonly startedAt: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly tasks: readonly (Figures & { readonly task: TaskId })[];
  /** Share of the shown queries that were clicked, and share of all clicks, by position. */
  readonly positions: readonly { task: TaskId; position: number; shown: number; clickRate: number; shareOfClicks: number }[];
  readonly segments: readonly Row[];
  readonly policies: readonly Row[];
  readonly days: readonly Row[];
}

class Sum {
  private impressions = 0;
  private clicked = 0;
  private expected = 0;
  private degraded = 0;

  add({ clicks, expected, degraded }: ShownEntry): void {
    this.impressions++;
    this.clicked += clicks.length > 0 ? 1 : 0;
    this.expected += expected;
    this.degraded += degraded ? 1 : 0;
  }

  get figures(): Figures {
    const clickRate = this.clicked / this.impressions;
    return {
      impressions: this.impressions,
      clickRate,
      margin: 1.96 * Math.sqrt((clickRate * (1 - clickRate)) / this.impressions),
      expectedClickRate: this.expected / this.impressions,
      degraded: this.degraded,
    };
  }
}

/** Sums by task and one more thing. */
class Breakdown {
  private readonly sums = new Map<string, { task: TaskId; of: string; sum: Sum }>();

  constructor(private readonly by: (entry: ShownEntry) => string) {}

  add(entry: ShownEntry): void {
    const of = this.by(entry);
    const key = `${entry.task}\n${of}`;
    const cell = this.sums.get(key) ?? { task: entry.task, of, sum: new Sum() };
    this.sums.set(key, cell);
    cell.sum.add(entry);
  }

  get rows(): Row[] {
    const rows = [...this.sums.values()].map(({ task, of, sum }) => ({ task, of, ...sum.figures }));
    return rows.sort((a, b) => a.task.localeCompare(b.task) || a.of.localeCompare(b.of, 'en', { numeric: true }));
  }
}

/** Sums up what a journal holds. */
export function simulationReport({ id, spec, startedAt }: SimulationHead, entries: Iterable<JournalEntry>): SimulationReport {
  const all = new Breakdown(() => '');
  const [segments, policies, days] = [
    new Breakdown(({ segment }) => segment),
    new Breakdown(({ policy }) => policy),
    new Breakdown(({ day }) => String(day)),
  ];
  const positions = new Map<string, { task: TaskId; position: number; shown: number; clicked: number }>();
  const clicks = new Map<TaskId, number>();
  for (const entry of entries) {
    if (entry.kind !== 'shown') continue;
    for (const breakdown of [all, segments, policies, days]) breakdown.add(entry);
    clicks.set(entry.task, (clicks.get(entry.task) ?? 0) + entry.clicks.length);
    for (let position = 1; position <= entry.size; position++) {
      const key = `${entry.task}\n${position}`;
      const cell = positions.get(key) ?? { task: entry.task, position, shown: 0, clicked: 0 };
      positions.set(key, cell);
      cell.shown++;
      cell.clicked += entry.clicks.includes(position) ? 1 : 0;
    }
  }
  return {
    traffic: 'simulated',
    warning: 'simulated users; expected rates and segments are hidden: for evaluation only, nothing that learns may read them',
    simulationId: id,
    startedAt: startedAt.toISOString(),
    spec: { ...spec, seed: spec.seed.toString() },
    tasks: all.rows.map(({ task, impressions, clickRate, margin, expectedClickRate, degraded }) => ({
      task,
      impressions,
      clickRate,
      margin,
      expectedClickRate,
      degraded,
    })),
    positions: [...positions.values()].map(({ task, position, shown, clicked }) => ({
      task,
      position,
      shown,
      clickRate: clicked / shown,
      shareOfClicks: clicked / Math.max(1, clicks.get(task) ?? 0),
    })),
    segments: segments.rows,
    policies: policies.rows,
    days: days.rows,
  };
}
