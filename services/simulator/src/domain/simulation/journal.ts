import type { TaskId } from '../population/behaviour.js';
import type { SimulationSpec } from './progress.js';

/** A list that was shown, with what came of it. Part of it is hidden: journals and reports are for evaluation only. */
export interface ShownEntry {
  readonly kind: 'shown';
  readonly task: TaskId;
  /** Day since the simulated time began, from 0. */
  readonly day: number;
  readonly segment: string;
  readonly policy: string;
  readonly degraded: boolean;
  readonly size: number;
  /** Clicked positions that were reported, 1-based. */
  readonly clicks: readonly number[];
  /** Probability that this user clicked at least one. */
  readonly expected: number;
}

/** A session has begun: it is not begun again. */
export interface BegunEntry {
  readonly kind: 'begun';
  readonly session: number;
}

export type JournalEntry = ShownEntry | BegunEntry;

/** What a simulation is, from its beginning on. */
export interface SimulationHead {
  readonly id: string;
  readonly spec: SimulationSpec;
  readonly startedAt: Date;
}

/** What is kept of one simulation, so that it can go on after it was cut off. */
export interface Journal {
  /** Durable against the end of this process when it returns. */
  append(entry: JournalEntry): void;
  entries(): Iterable<JournalEntry>;
  /** Where the report is written. */
  readonly reportDirectory: string;
  close(): void;
}

/** Keeps simulations. */
export interface Journals {
  begin(head: SimulationHead): Journal;
  /** A simulation that was kept, the latest for an empty id; undefined if there is none. */
  reopen(id: string): { readonly head: SimulationHead; readonly journal: Journal } | undefined;
}
