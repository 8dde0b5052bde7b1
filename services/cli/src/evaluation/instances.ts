import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJsonLines } from './json-lines.js';

const FOLDER = fileURLToPath(new URL('../../../../../starter/sft/', import.meta.url));

/** A query of a session, or the query alone. */
export const turn = z.union([
  z.string().transform((query) => ({ query, response: '' })),
  z.object({ query: z.string(), response: z.string().default('') }),
]);

/** A record, as services/trainer/README.md describes it. What its output has beside queries are auxiliary texts. */
const instanceSchema = z
  .object({
    id: z.string(),
    conversation: z.string(),
    task: z.string(),
    split: z.string(),
    inputs: z.object({ query: z.string(), response: z.string().default(''), history: z.array(turn).default([]) }),
    cooccurrence: z.array(z.object({ text: z.string() })).default([]),
    output: z.object({ queries: z.array(z.string()) }).catchall(z.string()),
  })
  .transform(({ task, inputs, cooccurrence, output: { queries, ...auxiliaryTexts }, ...rest }) => ({
    ...rest,
    taskId: task,
    inputs: { ...inputs, cooccurrence: cooccurrence.map(({ text }) => text) },
    output: { queries, auxiliaryTexts },
  }));

/** A context, and the list that somebody wrote for it. */
export type WrittenInstance = z.output<typeof instanceSchema>;

const INSTANCES = {
  name: 'instance',
  schema: instanceSchema,
  example:
    '{"id":"hint-1","task":"hint","split":"test","conversation":"c1","inputs":{"query":"monstera care"},"output":{"queries":["repot a monstera"]}}',
};

/** The written instances that ship and that policies are trained and tested on. */
export function writtenInstances(): WrittenInstance[] {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return files.flatMap((name) => readJsonLines(join(FOLDER, name), INSTANCES));
}
