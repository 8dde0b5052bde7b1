import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TaskFiles } from '../src/adapters/yaml/task-files.js';
import type { PromptInputs } from '../src/domain/prompt/budget.js';
import { renderCompleteResponse, renderPrompt } from '../src/domain/prompt/render-prompt.js';
import type { Tokenizer } from '../src/domain/prompt/tokenizer.js';

// What a policy was trained on must be what it is asked. A change of these files means that all policies are to be trained again:
// GQR_UPDATE_GOLDEN=1 npx vitest run services/generation writes them anew.
const root = new URL('../../', import.meta.url).pathname;
const update = process.env['GQR_UPDATE_GOLDEN'] === '1';

/** A token for every word with the space before it, which is near what real vocabularies do. */
const words: Tokenizer = {
  encode: (text) => (text.match(/\s*\S+/g) ?? []).map((word) => seen.push(word) - 1),
  encodeWithMarkers: (text) => words.encode(text),
  decode: (tokens) => tokens.map((token) => seen[token] ?? '').join(''),
};
const seen: string[] = [];

const inputs: PromptInputs = {
  query: 'can i freeze\ncooked rice | for lunch?',
  response: `Yes. Cool the rice quickly, then freeze it in portions. ${'Reheat it once and until it steams. '.repeat(40)}`,
  history: [
    'rice cooker sale',
    'how long does cooked rice last',
    'is brown rice healthier',
    'rice to water ratio',
    'why is my rice sticky',
    'jasmine or basmati',
    'rice pudding',
  ],
  cooccurrence: [
    'how to reheat frozen rice',
    'fried rice with leftovers',
    'freezer bags or boxes',
    'meal prep for a week',
    'rice water for plants',
    'risotto',
    'sushi rice',
    'paella',
    'one too many',
  ],
  sideInformation: {},
};

it.each(new TaskFiles(`${root}tasks`).list().map((task) => [task.id, task] as const))('the prompt of %s is what it was', (id, task) => {
  const prompt = renderPrompt(task, inputs, task.count.default, words).text;
  const texts = Object.fromEntries(task.auxiliaryTexts.map(({ name, mayBeEmpty }) => [name, mayBeEmpty ? '' : `The ${name}`]));
  const response = renderCompleteResponse(task, texts, ['first query', 'second query']);
  const actual = `prompt version ${task.promptVersion}\n\n${prompt}${response}\n`;
  const file = `${root}test/golden/${id}.txt`;
  if (update) writeFileSync(file, actual);
  expect(actual).toBe(readFileSync(file, 'utf8'));
});
