import { z } from 'zod';
import { TASK_IDS } from '../../domain/population/behaviour.js';
import type { PolicyList } from '../../domain/truth/ground-truth-report.js';
import { passedOver, type SessionList } from '../../domain/truth/passed-over.js';
import type { Fault } from '../../domain/world/lint-topics.js';
import { WorldError } from '../world-error.js';
import { decode } from '../yaml/yaml-file.js';
import { readLogFile } from '../files/read-log-file.js';

const exchange = z.object({ query: z.string(), response: z.string().default('') });
const context = { query: z.string().min(1, 'is empty'), response: z.string().default(''), history: z.array(exchange).default([]) };
const task = z.enum(TASK_IDS, `is unknown to simulated users; use ${TASK_IDS.join(', ')}`);
const shown = z.array(z.object({ text: z.string() })).min(1, 'is empty; leave out lists with nothing in them');

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .default(0);

/** A query that was asked, and a click, as they are logged; what they lack tells nothing of a session. */
const userQuery = z.object({ userQuery: z.object({ sessionId: z.string().default(''), occurredAt: moment }) });
const click = z.object({ click: z.object({ impressionId: z.string().default('') }) });

/** An impression of the event log (gqr.events.v1.Event in proto3 JSON), before it is known what its session passed over. */
const logged = z
  .object({
    impression: z.object({
      impressionId: z.string().optional(),
      sessionId: z.string().default(''),
      occurredAt: moment,
      taskId: task,
      context: z.object(context),
      queries: shown,
      modelVersions: z.array(z.object({ kind: z.string().default(''), version: z.string().default('') })).default([]),
    }),
  })
  .transform(({ impression: { impressionId, sessionId, occurredAt, taskId, context: inputs, queries, modelVersions } }) => ({
    session: { impressionId: impressionId ?? '', sessionId, at: occurredAt, exchanges: inputs.history.length },
    list: {
      policy: modelVersions.find(({ kind }) => kind.startsWith('policy.'))?.version ?? 'without a model',
      impressionId,
      task: taskId,
      ...inputs,
      texts: queries.map(({ text }) => text),
    },
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
 * Reads lists from JSON lines, gzipped where the name ends in .gz: impressions as they are logged, or {policy, task, query, response,
 * history, texts, ignored}. `ignored`, the lists passed over since the last click, is counted from the impressions and clicks of the session
 * where the files have its queries, see passedOver; else it is one for each earlier exchange. @throws WorldError
 */
export function readShownLists(files: readonly string[]): PolicyList[] {
  const lists: PolicyList[] = [];
  const ofLog: { readonly place: number; readonly session: SessionList }[] = [];
  const asked: { sessionId: string; at: number }[] = [];
  const clicked = new Set<string>();
  const faults: Fault[] = [];
  for (const file of files) {
    const decoded = decode(file, readLogFile(file));
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
      const kind = typeof value === 'object' && value !== null ? value : {};
      if ('userQuery' in kind || 'click' in kind) {
        const { sessionId = '', occurredAt = 0 } = userQuery.safeParse(value).data?.userQuery ?? {};
        if (sessionId !== '') asked.push({ sessionId, at: occurredAt });
        clicked.add(click.safeParse(value).data?.click.impressionId ?? '');
        continue;
      }
      const parsed =
        'impression' in kind ? logged.safeParse(value) : made.transform((list) => ({ list, session: undefined })).safeParse(value);
      if (parsed.success) {
        const { list, session } = parsed.data;
        if (session !== undefined) ofLog.push({ place: lists.length, session });
        lists.push({ ignored: 0, ...list });
      }
      for (const issue of parsed.error?.issues ?? []) fault(`${issue.path.join('.')}: ${issue.message}`, 'correct or remove the line');
    }
  }
  if (faults.length > 0) throw new WorldError(faults);
  const ignored = passedOver(
    ofLog.map(({ session }) => session),
    { asked, clicked },
  );
  for (const [at, { place }] of ofLog.entries()) {
    const list = lists[place];
    if (list !== undefined) lists[place] = { ...list, ignored: ignored[at] ?? 0 };
  }
  return lists;
}
