import { expect, it } from 'vitest';
import { FakeVocabulary } from '../testing/fake-token-model.js';
import { inputsOf, sampleTask } from '../testing/sample-task.js';
import { fillSections } from './budget.js';

const tokenizer = new FakeVocabulary(); // a token is a character
const texts = (task: typeof sampleTask, inputs: Parameters<typeof inputsOf>[0]): Record<string, string> =>
  Object.fromEntries(
    fillSections(task, inputsOf(inputs), tokenizer).flatMap(({ section, text }) => (text === '' ? [] : [[section.name, text]])),
  );

it('keeps the order of the task, and counts what each section takes', () => {
  const filled = fillSections(sampleTask, inputsOf({ sideInformation: { persona: 'a cook' } }), tokenizer);
  expect(filled.map(({ section, text, tokens, shortened }) => [section.name, text, tokens, shortened])).toEqual([
    ['query', 'the query', 9, false],
    ['response', '', 0, false],
    ['history', '', 0, false],
    ['cooccurrence', '', 0, false],
    ['persona', 'a cook', 6, false],
  ]);
});

it('says what had to give way', () => {
  const inputs = inputsOf({ history: ['1', '2', '3', '4', '5'], response: 'x'.repeat(101), cooccurrence: ['a', 'b'] });
  const shortened = fillSections(sampleTask, inputs, tokenizer).filter((section) => section.shortened);
  expect(shortened.map(({ section }) => section.name)).toEqual(['response', 'history']);
});

it('keeps the latest of the history and the best of the co-occurrence queries', () => {
  const many = Array.from({ length: 20 }, (_, i) => `q${String(i)}`);
  expect(texts(sampleTask, { history: many, cooccurrence: many })).toMatchObject({
    history: 'q16 | q17 | q18 | q19',
    cooccurrence: 'q0 | q1 | q2 | q3 | q4 | q5 | q6 | q7',
  });
});

it('holds every section to its own limit', () => {
  const long = 'x'.repeat(500);
  const filled = texts(sampleTask, { query: long, response: long, history: ['a'.repeat(60), 'b'.repeat(10)], cooccurrence: [long, 'c'] });
  expect(filled['query']).toHaveLength(64);
  expect(filled['response']).toHaveLength(100);
  expect(filled['history']).toBe('b'.repeat(10));
  expect(filled['cooccurrence']).toBeUndefined();
});

it('shortens in the order of priority when all sections together are too long', () => {
  const inputs = {
    query: 'q'.repeat(30),
    response: 'r'.repeat(50),
    history: ['h'.repeat(20)],
    cooccurrence: ['c'.repeat(20), 'd'.repeat(20)],
  };
  const within = (tokens: number): Record<string, string> => texts({ ...sampleTask, budget: { ...sampleTask.budget, tokens } }, inputs);
  expect(within(130)).toMatchObject({
    cooccurrence: 'c'.repeat(20),
    history: 'h'.repeat(20),
    response: 'r'.repeat(50),
    query: 'q'.repeat(30),
  });
  expect(within(90)).toEqual({ response: 'r'.repeat(50), query: 'q'.repeat(30) });
  expect(within(45)).toEqual({ response: 'r'.repeat(15), query: 'q'.repeat(30) });
  expect(within(10)).toEqual({ query: 'q'.repeat(10) });
});

it('reads no more of a text of 20,000 characters than can fit', () => {
  expect(texts(sampleTask, { response: 'word '.repeat(4_000) })['response']).toHaveLength(99);
});
