import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Run } from '../../domain/runs/run.js';
import type { RunStore } from '../../domain/runs/run-store.js';
import { runRequest } from '../options/run-options.js';

const moment = z.number().int();
const progress = z.object({
  stage: z.string(),
  stageNumber: z.number(),
  stages: z.number(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
  rate: z.number(),
  secondsLeft: z.number().optional(),
  message: z.string(),
});
const document = z.object({
  runId: z.string(),
  request: runRequest,
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: progress.optional(),
  createdAt: moment,
  startedAt: moment.optional(),
  endedAt: moment.optional(),
  error: z.string().optional(),
  model: z.object({ kind: z.string(), version: z.string() }).optional(),
  metrics: z.record(z.string(), z.unknown()),
  attempts: z.number().int(),
});

/** Runs in the trainer's database, each a JSON document. */
export class SqliteRunStore implements RunStore {
  constructor(private readonly db: DatabaseSync) {}

  save(run: Run): Promise<void> {
    this.db
      .prepare(
        `INSERT INTO runs (run_id, state, document) VALUES (?, ?, ?)
         ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, document = excluded.document`,
      )
      .run(run.runId, run.state, JSON.stringify(run));
    return Promise.resolve();
  }

  get(runId: string): Promise<Run | undefined> {
    return Promise.resolve(this.select('WHERE run_id = ?', runId)[0]);
  }

  latest(limit: number): Promise<Run[]> {
    return Promise.resolve(this.select('ORDER BY sequence DESC LIMIT ?', limit));
  }

  unfinished(): Promise<Run[]> {
    return Promise.resolve(this.select("WHERE state IN ('queued', 'running') ORDER BY sequence"));
  }

  private select(where: string, ...values: (string | number)[]): Run[] {
    const rows = this.db.prepare(`SELECT document FROM runs ${where}`).all(...values);
    return rows.map((row) => document.parse(JSON.parse(String(row['document']))));
  }
}
