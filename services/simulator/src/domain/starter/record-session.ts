import { TASK_IDS, type TaskId } from '../population/behaviour.js';
import type { Exchange } from '../population/journey.js';
import type { Origin, Session } from '../population/session.js';
import type { Random } from '../random/random.js';
import type { EarlierVisitors, StarterQuery } from './earlier-visitors.js';

/** A query that was asked. */
export interface AskedRecord {
  readonly kind: 'asked';
  readonly query: string;
  readonly origin: Origin;
  /** Since the session began. */
  readonly seconds: number;
}

/** A list that was shown, with the positions that were clicked, 1-based. */
export interface ShownRecord {
  readonly kind: 'shown';
  readonly task: TaskId;
  readonly query: string;
  readonly response: string;
  readonly history: readonly Exchange[];
  readonly queries: readonly StarterQuery[];
  readonly clicks: readonly number[];
  readonly seconds: number;
  readonly clickSeconds: number;
}

export type SessionRecord = AskedRecord | ShownRecord;

const TASKS = new Set(TASK_IDS);

/** Lets a session run through lists of earlier visitors' queries and writes down what a log would have of it. */
export function recordSession(session: Session, visitors: EarlierVisitors, random: Random): SessionRecord[] {
  const records: SessionRecord[] = [];
  do {
    const { query, response, origin, seconds } = session.turn;
    const history = [...session.turn.history];
    records.push({ kind: 'asked', query, origin, seconds });
    for (const task of session.tasks(TASKS)) {
      const queries = visitors.list(session.turn, task, random);
      if (queries.length === 0) continue;
      const { clicks, seconds: clickSeconds } = session.look(task, queries);
      records.push({ kind: 'shown', task, query, response, history, queries, clicks, seconds, clickSeconds });
    }
  } while (session.advance());
  return records;
}
