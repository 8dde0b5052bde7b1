import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import { fileText } from '../arguments.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';

/** Something that lists are asked for. */
export interface Prompt {
  /** Names it: the same inputs have the same id. */
  readonly id: string;
  readonly taskId: string;
  readonly query: string;
  readonly response: string;
  readonly history: readonly { readonly query: string; readonly response: string }[];
  readonly cooccurrence: readonly string[];
}

const INSTANCES = fileURLToPath(new URL('../../../../../starter/sft/', import.meta.url));

const turn = z.union([
  z.string().transform((query) => ({ query, response: '' })),
  z.object({ query: z.string(), response: z.string().default('') }),
]);

/** A line of a file of prompts: as a request of `recommend`, with co-occurrence queries if there are any. */
const promptSchema = z.object({
  taskId: z.string().min(1),
  query: z.string().min(1),
  response: z.string().default(''),
  history: z.array(turn).default([]),
  cooccurrence: z.array(z.string()).default([]),
});

/** A written instance, as services/trainer/README.md describes it. */
const instanceSchema = z
  .object({
    task: z.string(),
    split: z.string(),
    inputs: z.object({ query: z.string(), response: z.string().default(''), history: z.array(turn).default([]) }),
    cooccurrence: z.array(z.object({ text: z.string() })).default([]),
  })
  .transform(({ task, split, inputs, cooccurrence }) => ({
    split,
    prompt: { taskId: task, ...inputs, cooccurrence: cooccurrence.map(({ text }) => text) },
  }));

function withId(prompt: Omit<Prompt, 'id'>): Prompt {
  return { id: createHash('sha256').update(JSON.stringify(prompt)).digest('hex').slice(0, 12), ...prompt };
}

function parseLine<T>(schema: z.ZodType<T>, line: string, where: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error);
    throw new CliFailure(
      `${where} is no prompt: ${what}`,
      'Write one JSON object a line, for example {"taskId":"hint","query":"monstera care","history":["repot a monstera"]}.',
      ExitCode.WrongUsage,
    );
  }
}

function linesOf(path: string): { line: string; where: string }[] {
  return fileText(path)
    .split('\n')
    .map((line, at) => ({ line, where: `${path}:${String(at + 1)}` }))
    .filter(({ line }) => line.trim() !== '');
}

/** The prompts of a file. */
export function readPrompts(path: string): Prompt[] {
  return linesOf(path).map(({ line, where }) => withId(parseLine(promptSchema, line, where)));
}

/** The prompts of the test split of the instances that ship, which no policy was trained on. */
export function testPrompts(): Prompt[] {
  const files = readdirSync(INSTANCES)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return files
    .flatMap((name) => linesOf(join(INSTANCES, name)))
    .map(({ line, where }) => parseLine(instanceSchema, line, where))
    .flatMap(({ split, prompt }) => (split === 'test' ? [withId(prompt)] : []));
}
