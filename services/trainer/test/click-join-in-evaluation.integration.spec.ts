import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJsonString } from '@bufbuild/protobuf';
import { learnerPython, NO_LEARNER } from '@gqr/chassis/testing/learner-python';
import { type Event as EventMessage, EventSchema } from '@gqr/protos/gqr/events/v1/events';
import { expect, it } from 'vitest';
import { DuckDbClickJoin } from '../src/adapters/duckdb/duckdb-click-join.js';
import { BEGIN, click, DAY, impression, MINUTE } from './events.js';
import { duckdb, storeOf } from './stored-events.js';

const LEARNER = fileURLToPath(new URL('../../../learner', import.meta.url));

/** The join of `evaluate ctr`, which reads event files without a trainer. */
const JOIN = `
import json, sys
from pathlib import Path
from gqr_learner.ctr.evaluation.events import read_events
shown, outcomes = read_events({"all": Path(sys.argv[1])}, lambda _: None)
print(json.dumps({"rows": {each.id: each.impression.clicks for each in shown["all"]}, "outcomes": outcomes}))
`;

/** Numbers in [0, 1) without a pattern, the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A log with everything that goes wrong: events twice, clicks too late, too early, again, beside the list and on lists of nobody. */
function messyLog(seed: number): EventMessage[] {
  const random = numbers(seed);
  const upTo = (most: number): number => Math.floor(random() * most);
  const log: EventMessage[] = [];
  for (let index = 0; index < 200; index++) {
    const at = BEGIN + upTo(3 * DAY);
    const queries = ['a', 'b', 'c', 'd'].slice(0, 1 + upTo(4));
    const shown = impression(`i${String(index)}`, at, queries);
    log.push(shown);
    if (random() < 0.1) log.push(shown);
    for (let clicks = upTo(4); clicks > 0; clicks--) {
      const id = random() < 0.05 ? `nobody-${String(index)}` : `i${String(index)}`;
      // Edges exactly: a minute before, the moment itself, half an hour after, and a millisecond beyond either end.
      const offset = [-MINUTE - 1, -MINUTE, 0, 30 * MINUTE, 30 * MINUTE + 1, upTo(40 * MINUTE)][upTo(6)] ?? 0;
      log.push(click(id, 1 + upTo(5), at + offset));
    }
  }
  // Clicks may come before their impressions, and do.
  return log
    .map((event) => ({ event, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ event }) => event);
}

it('evaluation joins the clicks of a messy log as training does', { timeout: 120_000 }, async ({ skip }) => {
  const python = learnerPython;
  if (python === undefined) return skip(NO_LEARNER);
  const log = messyLog(1);
  const folder = mkdtempSync(join(tmpdir(), 'gqr-join-'));
  const rules = {
    window: { start: BEGIN - DAY, end: BEGIN + 9 * DAY },
    traffic: 'all',
    attributionMs: 30 * MINUTE,
    trainFraction: 0.6,
    validationFraction: 0.2,
  } as const;
  const trained = await new DuckDbClickJoin(await storeOf(log), duckdb).join(rules, folder, new AbortController().signal);
  const rows = await duckdb.use(async (connection) => {
    const reader = await connection.runAndReadAll(`SELECT impression_id, clicks FROM '${folder}/*.parquet'`);
    return reader.getRowObjectsJS() as { impression_id: string; clicks: number[] }[];
  });

  const file = join(folder, 'events.jsonl');
  writeFileSync(file, log.map((event) => `${toJsonString(EventSchema, event)}\n`).join(''));
  const said = execFileSync(python, ['-c', JOIN, file], { cwd: LEARNER, encoding: 'utf8' });
  const evaluated = JSON.parse(said) as { rows: Record<string, number[]>; outcomes: Record<string, number> };

  expect(rows).toHaveLength(200);
  expect(Object.values(trained.clicks).every((count) => count > 0)).toBe(true);
  expect(evaluated.outcomes).toEqual(trained.clicks);
  expect(evaluated.rows).toEqual(Object.fromEntries(rows.map(({ impression_id, clicks }) => [impression_id, clicks])));
});
