import { SEPARATOR } from '../grammar/response-grammar.js';
import type { Task } from '../tasks/task.js';
import { type FilledSection, fillSections, type PromptInputs } from './budget.js';
import { responseLines } from './response-lines.js';
import type { Tokenizer } from './tokenizer.js';

/** Changes whenever the text below changes, so that every prompt version does. */
export const TEMPLATE_VERSION = 'template-1.1';

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

/**
 * The universal prompt (paper Template 1) in the chat format of the model. The instructions come first and depend on the task and the
 * count alone, so that their evaluation is shared by all prompts of a task.
 */
export function renderPrompt(task: Task, inputs: PromptInputs, count: number, tokenizer: Tokenizer): PromptOfSections {
  const instruction = task.instruction.replaceAll('{count}', String(count));
  const sections = fillSections(task, inputs, tokenizer);
  const lines = sections.filter(({ text }) => text !== '').map(({ section, text }) => `${section.label}: ${text}\n`);
  const text = `${USER}Instructions:\n${instruction}\n\nInputs:\n${lines.join('')}\nResponse:${ASSISTANT}`;
  return { text, tokens: tokenizer.encodeWithMarkers(text), sections };
}

/** The response that a policy should have written, with the marker that ends it: what it is trained on. */
export function renderCompleteResponse(task: Task, auxiliaryTexts: Readonly<Record<string, string>>, queries: readonly string[]): string {
  return `${responseLines(task, auxiliaryTexts, queries).join(SEPARATOR)}${END}`;
}
