import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { TASK_IDS } from '../../domain/population/behaviour.js';
import type { PolicyList } from '../../domain/truth/ground-truth-report.js';
import type { Fault } from '../../domain/world/lint-topics.js';
import { WorldError } from '../world-error.js';
import { decode } from '../yaml/yaml-file.js';

const exchange = z.object({ query: z.string(), response: z.string().default('') });
const context = { query: z.string().min(1, 'is empty'), response: z.string().default(''), history: z.array(exchange).default([]) };
const task = z.enum(TASK_IDS, `is unknown to simulated users; use ${TASK_IDS.join(', ')}`);
const shown = z.array(z.object({ text: z.string() })).min(1, 'is empty; leave out lists with nothing in them');

/** An impression of the event log (gqr.events.v1.Event in proto3 JSON). */
const logged = z
  .object({
    impression: z.object({
      impressionId: z.string().optional(),
      taskId: task,
      context: z.object(context),
      queries: shown,
      modelVersions: z.array(z.object({ kind: z.string().default(''), version: z.string().default('') })).default([]),
    }),
  })
  .transform(({ impression: { impressionId, taskId, context: inputs, queries, modelVersions } }): PolicyList => ({
    policy: modelVersions.find(({ kind }) => kind.startsWith('policy.'))?.version ?? 'without a model',
    impressionId,
    task: taskId,
    ...inputs,
    texts: queries.map(({ text }) => text),
    ignored: inputs.history.length,
  }));

/** A list that was made for evaluation. */
const made = z
  .object({
    policy: z.string().default('policy'),
    task,
    ...context,
    texts: z.array(z.string()).min(1, 'is empty'),
    ignored: z.int().min(0).optional(),
  })
  .transform((list): PolicyList => ({ ...list, ignored: list.ignored ?? list.history.length }));

/**
 * Reads lists from JSON lines, gzipped where the name ends in .gz: impressions as they are logged, or {policy, task, query, response, history, texts, ignored}. Other events
 * are passed over. `ignored`, the lists passed over since the last click, is by default one for each earlier exchange. @throws WorldError
 */
export function readShownLists(files: readonly string[]): PolicyList[] {
  const lists: PolicyList[] = [];
  const faults: Fault[] = [];
  for (const file of files) {
    const decoded = decode(file, file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file));
    if ('fault' in decoded) throw new WorldError([decoded.fault]);
    for (const [at, line] of decoded.text.split('\n').entries()) {
      const fault = (problem: string, remedy: string): void => void faults.push({ file, line: at + 1, problem, remedy });
      if (line.trim() === '') continue;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        fault('is not JSON', 'write one JSON object a line');
        continue;
      }
      if (typeof value === 'object' && value !== null && ('userQuery' in value || 'click' in value)) continue;
      const isLogged = typeof value === 'object' && value !== null && 'impression' in value;
      const parsed = (isLogged ? logged : made).safeParse(value);
      if (parsed.success) lists.push(parsed.data);
      for (const issue of parsed.error?.issues ?? []) fault(`${issue.path.join('.')}: ${issue.message}`, 'correct or remove the line');
    }
  }
  if (faults.length > 0) throw new WorldError(faults);
  return lists;
}
