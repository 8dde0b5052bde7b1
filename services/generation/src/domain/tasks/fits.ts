import type { PromptInputs } from '../prompt/budget.js';
import { renderPrompt } from '../prompt/render-prompt.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import type { Task } from './task.js';

const NOTHING: PromptInputs = { query: '', response: '', history: [], cooccurrence: [], sideInformation: {} };
/** Characters of a token of ordinary text, at least. */
const CHARACTERS_PER_TOKEN = 3;
/** Tokens of a section's label, and of a line's head and end. */
const TOKENS_AROUND = 6;

/** Tokens that the longest usual list of `count` queries takes, auxiliary texts included. */
export function tokensOfList(task: Task, count: number): number {
  const line = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN) + TOKENS_AROUND;
  const texts = task.auxiliaryTexts.reduce((sum, { maxCharacters }) => sum + line(maxCharacters), 0);
  return texts + count * line(task.query.maxCharacters);
}

/** Tokens that the longest prompt of a task and its longest usual list take together. */
export function tokensNeeded(task: Task, tokenizer: Tokenizer): number {
  const empty = renderPrompt(task, NOTHING, task.count.max, tokenizer).tokens.length;
  const inputs = Math.min(
    task.budget.tokens,
    task.inputs.reduce((sum, { tokens }) => sum + tokens, 0),
  );
  return empty + inputs + task.inputs.length * TOKENS_AROUND + tokensOfList(task, task.count.max);
}
