import { createHash } from 'node:crypto';
import { SEPARATOR } from '../grammar/response-grammar.js';
import type { Task } from '../tasks/task.js';
import { type FilledSection, fillSections, type PromptInputs } from './budget.js';
import { responseLines } from './response-lines.js';
import type { Tokenizer } from './tokenizer.js';

/** Changes whenever the text below changes, so that every prompt version does. */
export const TEMPLATE_VERSION = 'template-1.1';

/** Changes whenever worked examples are rendered otherwise. */
const EXAMPLES_VERSION = 'examples-1.0';

const USER = '<|im_start|>user\n';
const ASSISTANT = '<|im_end|>\n<|im_start|>assistant\n';
const END = '<|im_end|>';

/** A prompt: the text up to which a policy is conditioned. */
export interface RenderedPrompt {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** A prompt with the sections that it is made of. */
export interface PromptOfSections extends RenderedPrompt {
  readonly sections: readonly FilledSection[];
}

/** Inputs, and the list that answers them: shown to a model that was not trained (in-context learning, paper section 3.1). */
export interface WorkedExample {
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
}

/** A prompt behind worked examples. */
export interface PromptWithExamples extends RenderedPrompt {
  /** How many there are. */
  readonly examples: number;
}

/** Headings of the template: nothing else in a prompt may begin a line with one of them and a colon. */
export const TEMPLATE_HEADINGS = ['Instructions', 'Inputs', 'Response'] as const;

/**
 * The universal prompt (paper Template 1) in the chat format of the model. The instructions come first and depend on the task and the
 * count alone, so that their evaluation is shared by all prompts of a task.
 */
export function renderPrompt(task: Task, inputs: PromptInputs, count: number, tokenizer: Tokenizer): PromptOfSections {
  const sections = fillSections(task, inputs, tokenizer);
  const text = promptText(task, sections, count);
  return { text, tokens: tokenizer.encodeWithMarkers(text), sections };
}

function promptText(task: Task, sections: readonly FilledSection[], count: number): string {
  const instruction = task.instruction.replaceAll('{count}', String(count));
  const lines = sections.filter(({ text }) => text !== '').map(({ section, text }) => `${section.label}: ${text}\n`);
  return `${USER}Instructions:\n${instruction}\n\nInputs:\n${lines.join('')}\nResponse:${ASSISTANT}`;
}

/** The response that a policy should have written, with the marker that ends it: what it is trained on. */
export function renderCompleteResponse(task: Task, auxiliaryTexts: Readonly<Record<string, string>>, queries: readonly string[]): string {
  return `${responseLines(task, auxiliaryTexts, queries).join(SEPARATOR)}${END}`;
}

/**
 * Puts worked examples before a prompt, each a turn of the chat that was answered already, in their order. One that does not fit into
 * what the earlier ones left of `room` is left out, so that the prompt itself never gives way.
 * @param room tokens that all examples together may take
 */
export function putExamplesBefore(
  prompt: RenderedPrompt,
  examples: readonly WorkedExample[],
  task: Task,
  room: number,
  tokenizer: Tokenizer,
): PromptWithExamples {
  const turns: RenderedPrompt[] = [];
  let left = room;
  for (const { inputs, auxiliaryTexts, queries } of examples) {
    const asked = promptText(task, fillSections(task, inputs, tokenizer), queries.length);
    const text = `${asked}${renderCompleteResponse(task, auxiliaryTexts, queries)}\n`;
    // A turn begins with a marker, which no token reaches across: the tokens of all are those of each.
    const tokens = tokenizer.encodeWithMarkers(text);
    if (tokens.length > left) continue;
    left -= tokens.length;
    turns.push({ text, tokens });
  }
  const parts = [...turns, prompt];
  return { text: parts.map(({ text }) => text).join(''), tokens: parts.flatMap(({ tokens }) => tokens), examples: turns.length };
}

/** What a prompt was made by: the task's prompt version, and a hash of the worked examples if there were any to put before it. */
export function promptVersionOf(task: Task, examples: readonly WorkedExample[]): string {
  if (examples.length === 0) return task.promptVersion;
  const hash = createHash('sha256')
    .update(JSON.stringify([EXAMPLES_VERSION, examples]))
    .digest('hex');
  return `${task.promptVersion}-${hash.slice(0, 8)}`;
}
