import { SEPARATOR } from '../grammar/response-grammar.js';
import type { AuxiliaryText, Task } from '../tasks/task.js';
import { fillSections, type PromptInputs } from './budget.js';
import { neutralise } from './neutralise.js';
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

/**
 * The universal prompt (paper Template 1) in the chat format of the model. The instructions come first and depend on the task and the
 * count alone, so that their evaluation is shared by all prompts of a task.
 */
export function renderPrompt(task: Task, inputs: PromptInputs, count: number, tokenizer: Tokenizer): RenderedPrompt {
  const instruction = task.instruction.replaceAll('{count}', String(count));
  const sections = fillSections(task, inputs, tokenizer).map(({ label, text }) => `${label}: ${text}\n`);
  const text = `${USER}Instructions:\n${instruction}\n\nInputs:\n${sections.join('')}\nResponse:${ASSISTANT}`;
  return { text, tokens: tokenizer.encodeWithMarkers(text) };
}

/** Head of an auxiliary text's line; a text that is not empty follows after a space. */
export function auxiliaryHead(auxiliary: AuxiliaryText): string {
  return `${auxiliary.label}:`;
}

/** The response that a policy should have written: what it is trained on and what ScoreResponse scores. */
export function renderResponse(task: Task, auxiliaryTexts: Readonly<Record<string, string>>, queries: readonly string[]): string {
  const heads = task.auxiliaryTexts.map((auxiliary) => {
    const text = neutralise(auxiliaryTexts[auxiliary.name] ?? '');
    return `${auxiliaryHead(auxiliary)}${text === '' ? '' : ` ${text}`}`;
  });
  return [...heads, ...queries.map(neutralise)].join(SEPARATOR);
}

/** The response with the marker that ends it. */
export function renderCompleteResponse(task: Task, auxiliaryTexts: Readonly<Record<string, string>>, queries: readonly string[]): string {
  return `${renderResponse(task, auxiliaryTexts, queries)}${END}`;
}
