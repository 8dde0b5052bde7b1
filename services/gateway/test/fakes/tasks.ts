import type { TaskDefinition } from '../../src/domain/tasks/task.js';

export const suggestion: TaskDefinition = {
  id: 'suggestion',
  description: 'Three follow-up queries under an AI answer.',
  defaultCount: 3,
  maxCount: 8,
  auxiliaryTexts: [],
  sideInformation: ['locale'],
  listReward: 'multi',
  cooccurrenceQueries: 4,
  promptVersion: 'prompt-s',
};

export const clarification: TaskDefinition = {
  id: 'clarification',
  description: 'A guiding sentence and about eight short snippets that refine a writing request.',
  defaultCount: 4,
  maxCount: 12,
  auxiliaryTexts: ['guiding_sentence', 'prefix', 'suffix'],
  sideInformation: [],
  listReward: 'multi',
  cooccurrenceQueries: 4,
  promptVersion: 'prompt-c',
};

export const hint: TaskDefinition = {
  id: 'hint',
  description: 'The one query that the user is most likely to ask next.',
  defaultCount: 1,
  maxCount: 4,
  auxiliaryTexts: [],
  sideInformation: [],
  listReward: 'single',
  cooccurrenceQueries: 4,
  promptVersion: 'prompt-h',
};
