import { createHash } from 'node:crypto';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { TEMPLATE_VERSION } from '../../domain/prompt/render-prompt.js';
import type { Task } from '../../domain/tasks/task.js';
import { type TaskFault, TaskFileError } from '../../domain/tasks/task-fault.js';
import { describe, type TaskFile, taskFile } from './task-schema.js';

/** Reads one task file. @throws TaskFileError with every fault */
export function parseTask(text: string, file: string): Task {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors.map((error): TaskFault => {
    const [first = ''] = error.message.split('\n');
    const line = lines.linePos(error.pos[0]).line;
    return {
      file,
      line,
      field: '',
      description: `is not YAML: ${first.replace(/:$/, '')}; quote texts that hold ": " or begin with a symbol`,
    };
  });
  if (broken.length > 0) throw new TaskFileError(broken);
  const content: unknown = document.toJS();
  const parsed = taskFile.safeParse(content, { reportInput: true });
  if (parsed.success) return toTask(parsed.data);
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  throw new TaskFileError(
    parsed.error.issues.flatMap((issue): TaskFault[] => {
      const at = issue.path.map(String);
      if (issue.code !== 'unrecognized_keys')
        return [{ file, line: lineOf(issue.path), field: at.join('.'), description: describe(issue) }];
      return issue.keys.map((key) => ({
        file,
        line: lineOf([...issue.path, key]),
        field: [...at, key].join('.'),
        description: `is no field of a task file${hint(key)}`,
      }));
    }),
  );
}

const FIELDS = [
  ...Object.keys(taskFile.shape),
  ...['default', 'max', 'name', 'label', 'tokens', 'items', 'shorten', 'max_characters', 'max_words', 'may_be_empty', 'completes'],
  ...['temperature', 'top_p', 'min_p', 'repetition_penalty', 'diversity'],
];

/** The field that was probably meant. */
function hint(key: string): string {
  const letters = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .replace(/s$/, '');
  const meant =
    FIELDS.find((field) => letters(field) === letters(key)) ?? FIELDS.find((field) => distance(letters(field), letters(key)) <= 2);
  return meant === undefined ? '; remove it' : `; did you mean "${meant}"?`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

function toTask(data: TaskFile): Task {
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
    query: {
      maxCharacters: data.query.max_characters,
      maxWords: data.query.max_words,
      completes: data.query.completes ?? false,
    },
    policyOf: data.policy_of,
    listReward: data.list_reward,
    decoding: {
      temperature: data.decoding.temperature,
      topP: data.decoding.top_p,
      minP: data.decoding.min_p,
      repetitionPenalty: data.decoding.repetition_penalty,
      diversity: data.decoding.diversity ?? 0,
    },
    // The content, not the wording of the file: a comment does not make another prompt.
    promptVersion: createHash('sha256')
      .update(JSON.stringify([TEMPLATE_VERSION, data]))
      .digest('hex')
      .slice(0, 16),
  };
}
