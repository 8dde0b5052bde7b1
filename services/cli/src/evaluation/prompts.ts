import { createHash } from 'node:crypto';
import { z } from 'zod';
import { turn, writtenInstances } from './instances.js';
import { readJsonLines } from './json-lines.js';

/** Something that lists are asked for. */
export interface Prompt {
  /** Names it: the same inputs have the same id. */
  readonly id: string;
  readonly taskId: string;
  /** The written conversation that it is of; empty for a prompt of the user. */
  readonly conversation: string;
  readonly query: string;
  readonly response: string;
  readonly history: readonly { readonly query: string; readonly response: string }[];
  readonly cooccurrence: readonly string[];
}

/** A line of a file of prompts: as a request of `recommend`, with co-occurrence queries if there are any. */
const promptSchema = z.object({
  taskId: z.string().min(1),
  query: z.string().min(1),
  response: z.string().default(''),
  history: z.array(turn).default([]),
  cooccurrence: z.array(z.string()).default([]),
});

const PROMPTS = {
  name: 'prompt',
  schema: promptSchema,
  example: '{"taskId":"hint","query":"monstera care","history":["repot a monstera"]}',
};

function withId(prompt: Omit<Prompt, 'id' | 'conversation'>, conversation: string): Prompt {
  return { id: createHash('sha256').update(JSON.stringify(prompt)).digest('hex').slice(0, 12), conversation, ...prompt };
}

/** The prompts of a file. */
export function readPrompts(path: string): Prompt[] {
  return readJsonLines(path, PROMPTS).map((prompt) => withId(prompt, ''));
}

/** The prompts of the test split of the instances that ship, which no policy was trained on. */
export function testPrompts(): Prompt[] {
  return writtenInstances()
    .filter(({ split }) => split === 'test')
    .map(({ taskId, conversation, inputs }) => withId({ taskId, ...inputs }, conversation));
}
