import { z } from 'zod';
import { TEMPLATE_HEADINGS } from '../../domain/prompt/render-prompt.js';

const name = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a lower-case word of letters, digits and "_", at most 40 long');
const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and "-", at most 40 long, such as "my-task"');
const label = z.string().regex(/^[\p{L}][\p{L}\p{N} '-]{0,39}$/u, 'must be a few words, at most 40 characters, without ":"');
const positive = z.int().positive();
/** An input under a heading of the template could not be told from it. */
const HEADINGS = TEMPLATE_HEADINGS.map((heading) => heading.toLowerCase());

/** What a task file may hold. */
export const taskFile = z
  .strictObject({
    id,
    description: z.string().min(1).max(200),
    instruction: z
      .string()
      .min(20)
      .max(2_000)
      .refine((text) => text.includes('{count}'), 'must say "{count}" where the number of queries stands'),
    count: z.strictObject({ default: positive, max: positive.max(50) }),
    inputs: z.array(z.strictObject({ name, label, tokens: positive.max(2_000), items: positive.max(50).default(1) })).min(1),
    budget: z.strictObject({ tokens: positive.max(8_000), shorten: z.array(name) }),
    auxiliary_texts: z
      .array(z.strictObject({ name, label, max_characters: positive.max(500), may_be_empty: z.boolean().default(false) }))
      .default([]),
    query: z.strictObject({
      max_characters: positive.max(500),
      max_words: positive.max(60),
      completes: z.boolean().optional(),
    }),
    policy_of: id.optional(),
    list_reward: z.enum(['multi', 'single']),
    decoding: z.strictObject({
      temperature: z.number().min(0).max(2),
      top_p: z.number().gt(0).max(1),
      min_p: z.number().min(0).lt(1),
      repetition_penalty: z.number().min(1).max(2),
      diversity: z.number().min(0).max(2).optional(),
    }),
  })
  .superRefine((task, context) => {
    const fault = (path: PropertyKey[], message: string): void => {
      context.addIssue({ code: 'custom', path, message });
    };
    const { inputs, budget, count } = task;
    if (count.default > count.max) fault(['count', 'default'], `must be at most count.max, which is ${String(count.max)}`);
    if (!inputs.some((input) => input.name === 'query')) fault(['inputs'], 'must include the input "query": what the user typed');
    const names = inputs.map((input) => input.name);
    const labels = inputs.map((input) => input.label.toLowerCase());
    inputs.forEach((input, at) => {
      if (names.indexOf(input.name) !== at) fault(['inputs', at, 'name'], `names the input "${input.name}" a second time; remove one`);
      if (labels.indexOf(input.label.toLowerCase()) !== at)
        fault(['inputs', at, 'label'], `is the label of another input too; the model could not tell them apart`);
      if (HEADINGS.includes(input.label.toLowerCase())) fault(['inputs', at, 'label'], 'is a heading of the template; choose another');
    });
    budget.shorten.forEach((each, at) => {
      if (!names.includes(each)) fault(['budget', 'shorten', at], `must name an input of this task: ${names.join(', ')}`);
    });
    const fixed = inputs.filter((input) => !budget.shorten.includes(input.name)).reduce((sum, { tokens }) => sum + tokens, 0);
    if (fixed > budget.tokens)
      fault(
        ['budget', 'tokens'],
        `is less than the ${String(fixed)} tokens of the inputs that never give way; raise it or name more in "shorten"`,
      );
    const texts = task.auxiliary_texts;
    texts.forEach((text, at) => {
      if (texts.findIndex((other) => other.name === text.name || other.label === text.label) !== at)
        fault(['auxiliary_texts', at, 'name'], 'has the name or label of another auxiliary text; rename one');
    });
    if (task.policy_of === task.id) fault(['policy_of'], 'must name another task, or be left out');
  });

export type TaskFile = z.output<typeof taskFile>;

/** What to write where something is missing. */
const EXAMPLES: Readonly<Record<string, string>> = {
  id: 'id: my-task',
  description: 'description: What it does, in a sentence.',
  instruction: 'instruction: >- You are an expert in query recommendation. Given ..., write {count} ...',
  count: 'count: { default: 3, max: 8 }',
  inputs: 'inputs: [{ name: query, label: Query, tokens: 64 }]',
  budget: 'budget: { tokens: 320, shorten: [cooccurrence, history, response, query] }',
  query: 'query: { max_characters: 100, max_words: 16 }',
  list_reward: 'list_reward: multi',
  decoding: 'decoding: { temperature: 0.7, top_p: 0.95, min_p: 0.05, repetition_penalty: 1.0 }',
};

/** What is wrong and what to do, in words. */
export function describe(issue: z.core.$ZodIssue): string {
  const field = issue.path.filter((part) => typeof part === 'string').join('.');
  const example = EXAMPLES[field];
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing; add it${example === undefined ? `: a value of type ${issue.expected}` : `, for example "${example}"`}`
        : `must be of type ${issue.expected}${example === undefined ? '' : `, for example "${example}"`}`;
    case 'invalid_value':
      return `${issue.input === undefined ? 'is missing; it' : ''} must be one of: ${issue.values.map(String).join(', ')}`.trim();
    case 'too_small':
      return `is too small; it must be ${bound(issue.inclusive === false ? 'above' : 'at least', issue.minimum, issue.origin)}`;
    case 'too_big':
      return `is too large; it must be ${bound(issue.inclusive === false ? 'below' : 'at most', issue.maximum, issue.origin)}`;
    default:
      return issue.message;
  }
}

function bound(how: string, value: number | bigint, origin: string): string {
  const unit = origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : '';
  return `${how} ${String(value)}${unit}`;
}
