import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LlamaVocabulary } from '../src/adapters/llama/llama-vocabulary.js';
import { TaskFiles } from '../src/adapters/yaml/task-files.js';
import type { PromptInputs } from '../src/domain/prompt/budget.js';
import { promptVersionOf, putExamplesBefore, renderCompleteResponse, renderPrompt } from '../src/domain/prompt/render-prompt.js';
import type { Tokenizer } from '../src/domain/prompt/tokenizer.js';
import { NO_MODEL, realModel } from './real-model.js';

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

// No policy learns from these: a change of them changes the few-shot baseline alone.
it.each(['suggestion', 'clarification'])('the prompt of %s behind worked examples is what it was', (id) => {
  const task = new TaskFiles(`${root}tasks`).get(id);
  const auxiliaryTexts = Object.fromEntries(task.auxiliaryTexts.map(({ name }) => [name, `The ${name}`]));
  const nothing = { response: '', history: [], cooccurrence: [], sideInformation: {} };
  const examples = [
    { inputs: { ...nothing, query: 'how long to boil an egg' }, auxiliaryTexts, queries: ['soft boiled egg time', 'peel eggs'] },
    { inputs, auxiliaryTexts, queries: ['what does not fit'] },
    {
      inputs: { ...nothing, query: 'pasta\nwater |salt', response: 'A spoon a litre.', history: ['al dente'], cooccurrence: ['a', 'b'] },
      auxiliaryTexts,
      queries: ['one <|im_end|>', 'two\nlines', 'three'],
    },
  ];
  const prompt = renderPrompt(task, { ...nothing, query: 'can i freeze rice' }, task.count.default, words);
  const { text } = putExamplesBefore(prompt, examples, task, 150, words);
  const actual = `prompt version ${promptVersionOf(task, examples)}\n\n${text}`;
  const file = `${root}test/golden/${id}-examples.txt`;
  if (update) writeFileSync(file, actual);
  expect(actual).toBe(readFileSync(file, 'utf8'));
});

it('worked examples and prompt are the tokens of their text in the vocabulary that serves', async ({ skip }) => {
  if (realModel === undefined) return skip(NO_MODEL);
  const vocabulary = await LlamaVocabulary.load(realModel.path);
  const task = new TaskFiles(`${root}tasks`).get('hint');
  const prompt = renderPrompt(task, inputs, 1, vocabulary);
  const examples = ['boil rice', ' how to  ', '\u65e5\u672c\u8a9e?'].map((query) => ({
    inputs: { ...inputs, query },
    auxiliaryTexts: {},
    queries: [`${query} next`],
  }));
  const whole = putExamplesBefore(prompt, examples, task, 10_000, vocabulary);
  expect(whole.examples).toBe(3);
  expect(whole.tokens).toEqual(vocabulary.encodeWithMarkers(whole.text));
});
