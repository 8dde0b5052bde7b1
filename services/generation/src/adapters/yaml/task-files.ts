import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { UnknownTaskError } from '../../domain/errors.js';
import { TEMPLATE_VERSION } from '../../domain/prompt/render-prompt.js';
import type { Task, TaskCatalog } from '../../domain/tasks/task.js';

const name = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a lower-case word of letters, digits and "_", at most 40 long');
const label = z.string().regex(/^[\p{L}][\p{L}\p{N} '-]{0,39}$/u, 'must be a few words, at most 40 characters, without ":"');
const positive = z.int().positive();

const taskFile = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and "-", at most 40 long'),
    description: z.string().min(1).max(200),
    instruction: z.string().min(20).max(2_000),
    count: z.strictObject({ default: positive, max: positive.max(50) }),
    inputs: z.array(z.strictObject({ name, label, tokens: positive.max(2_000), items: positive.max(50).default(1) })).min(1),
    budget: z.strictObject({ tokens: positive.max(8_000), shorten: z.array(name) }),
    auxiliary_texts: z
      .array(z.strictObject({ name, label, max_characters: positive.max(500), may_be_empty: z.boolean().default(false) }))
      .default([]),
    query: z.strictObject({ max_characters: positive.max(500), max_words: positive.max(60) }),
    list_reward: z.enum(['multi', 'single']),
    decoding: z.strictObject({
      temperature: z.number().min(0).max(2),
      top_p: z.number().gt(0).max(1),
      min_p: z.number().min(0).lt(1),
      repetition_penalty: z.number().min(1).max(2),
      diversity: z.number().min(0).max(2).default(0),
    }),
  })
  .refine(({ count }) => count.default <= count.max, { path: ['count', 'default'], error: 'must be at most count.max' })
  .refine(({ inputs }) => inputs.some((input) => input.name === 'query'), { path: ['inputs'], error: 'must include the input "query"' })
  .refine(({ inputs }) => new Set(inputs.map((input) => input.name)).size === inputs.length, {
    path: ['inputs'],
    error: 'must not name an input twice',
  })
  .refine(({ inputs, budget }) => budget.shorten.every((each) => inputs.some((input) => input.name === each)), {
    path: ['budget', 'shorten'],
    error: 'must name inputs of this task',
  });

/** A task file that cannot be used; says where and what to do. */
export class TaskFileError extends Error {
  override readonly name = 'TaskFileError';
}

function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return lines.linePos(Number(node.range[0])).line;
  }
  return 1;
}

/** Reads one task file. @throws TaskFileError with file, line and remedy of every fault */
export function parseTask(text: string, file: string): Task {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new TaskFileError(`${file}:${String(lines.linePos(broken.pos[0]).line)}: is not YAML: ${broken.message.split('\n')[0] ?? ''}`);
  const parsed = taskFile.safeParse(document.toJS());
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${file}:${String(lineOf(document, lines, path))}: ${path.join('.')}: ${message}`,
    );
    throw new TaskFileError(faults.join('\n'));
  }
  const { data } = parsed;
  return {
    id: data.id,
    description: data.description,
    instruction: data.instruction.trim(),
    count: data.count,
    inputs: data.inputs,
    budget: data.budget,
    auxiliaryTexts: data.auxiliary_texts.map((each) => ({
      name: each.name,
      label: each.label,
      maxCharacters: each.max_characters,
      mayBeEmpty: each.may_be_empty,
    })),
    query: { maxCharacters: data.query.max_characters, maxWords: data.query.max_words },
    listReward: data.list_reward,
    decoding: {
      temperature: data.decoding.temperature,
      topP: data.decoding.top_p,
      minP: data.decoding.min_p,
      repetitionPenalty: data.decoding.repetition_penalty,
      diversity: data.decoding.diversity,
    },
    // The content, not the wording of the file: a comment does not make another prompt.
    promptVersion: createHash('sha256')
      .update(JSON.stringify([TEMPLATE_VERSION, data]))
      .digest('hex')
      .slice(0, 16),
  };
}

/** The tasks of a folder: every `*.yaml` file is one. */
export class TaskFiles implements TaskCatalog {
  private readonly tasks: ReadonlyMap<string, Task>;

  /** @throws TaskFileError */
  constructor(folder: string) {
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const tasks = files.sort().map((file) => parseTask(readFileSync(join(folder, file), 'utf8'), join(folder, file)));
    if (tasks.length === 0) throw new TaskFileError(`${folder}: holds no task file (*.yaml)`);
    const twice = tasks.find(({ id }, at) => tasks.findIndex((other) => other.id === id) !== at);
    if (twice !== undefined) throw new TaskFileError(`${folder}: two files define the task ${twice.id}; rename one`);
    this.tasks = new Map(tasks.map((task) => [task.id, task]));
  }

  list(): readonly Task[] {
    return [...this.tasks.values()];
  }

  get(id: string): Task {
    const task = this.tasks.get(id);
    if (task === undefined) throw new UnknownTaskError(id, [...this.tasks.keys()]);
    return task;
  }
}
