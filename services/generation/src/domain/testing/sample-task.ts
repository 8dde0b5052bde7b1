import type { PromptInputs } from '../prompt/budget.js';
import type { Task } from '../tasks/task.js';

/** A task for tests: three queries, no auxiliary texts. */
export const sampleTask: Task = {
  id: 'suggestion',
  description: 'Queries.',
  instruction: 'Write {count} queries.',
  count: { default: 3, max: 8 },
  inputs: [
    { name: 'query', label: 'Query', tokens: 64, items: 1 },
    { name: 'response', label: 'Answer', tokens: 100, items: 1 },
    { name: 'history', label: 'Earlier queries', tokens: 64, items: 4 },
    { name: 'cooccurrence', label: 'Users also asked', tokens: 96, items: 8 },
    { name: 'persona', label: 'Persona', tokens: 20, items: 1 },
  ],
  budget: { tokens: 1_000, shorten: ['cooccurrence', 'history', 'response', 'query'] },
  auxiliaryTexts: [],
  query: { maxCharacters: 20, maxWords: 4, completes: false },
  policyOf: undefined,
  listReward: 'multi',
  decoding: { temperature: 1, topP: 1, minP: 0, repetitionPenalty: 1, diversity: 0 },
  promptVersion: 'v1',
};

/** The same with auxiliary texts. */
export const auxiliaryTask: Task = {
  ...sampleTask,
  id: 'clarification',
  auxiliaryTexts: [
    { name: 'guiding_sentence', label: 'Guide', maxCharacters: 20, mayBeEmpty: false },
    { name: 'suffix', label: 'Suffix', maxCharacters: 20, mayBeEmpty: true },
  ],
};

/** Inputs with a query alone. */
export function inputsOf(inputs: Partial<PromptInputs> = {}): PromptInputs {
  return { query: 'the query', response: '', history: [], cooccurrence: [], sideInformation: {}, ...inputs };
}
