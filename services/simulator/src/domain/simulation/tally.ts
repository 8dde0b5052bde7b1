import type { TaskId } from '../population/behaviour.js';
import type { ShownEntry } from './journal.js';
import type { TaskCounts } from './progress.js';

/** Counts of a simulation by task. */
export class Tally {
  private readonly counts = new Map<TaskId, { impressions: number; clickedImpressions: number; degraded: number }>();

  constructor(tasks: readonly TaskId[]) {
    for (const task of tasks) this.counts.set(task, { impressions: 0, clickedImpressions: 0, degraded: 0 });
  }

  get tasks(): TaskCounts[] {
    return [...this.counts].map(([task, counts]) => ({ task, ...counts }));
  }

  total(count: 'impressions' | 'clickedImpressions'): number {
    return [...this.counts.values()].reduce((sum, counts) => sum + counts[count], 0);
  }

  impression(task: TaskId, degraded: boolean): void {
    const counts = this.counts.get(task);
    if (counts === undefined) return;
    counts.impressions++;
    if (degraded) counts.degraded++;
  }

  /** Counts what was shown before the simulation was cut off. */
  restore({ task, degraded, clicks }: ShownEntry): void {
    this.impression(task, degraded);
    if (clicks.length > 0) this.clickedImpression(task);
  }

  clickedImpression(task: TaskId): void {
    const counts = this.counts.get(task);
    if (counts !== undefined) counts.clickedImpressions++;
  }
}
