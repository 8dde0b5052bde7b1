import { expect, it } from 'vitest';
import { inputsOf, sampleTask } from '../testing/sample-task.js';
import { ListCritic } from './list-critic.js';
import { SafetyFilter } from './safety-filter.js';

const safety = new SafetyFilter({
  topics: [{ name: 'forbidden', refuse: [/dragons/giu], allow: [/snap dragons/giu] }],
  personalData: ['email'],
});
const critic = new ListCritic({ nearDuplicates: true, language: true, safety });
const task = { ...sampleTask, instruction: 'You are a helpful writer. Write {count} queries that people would like to click.' };
const faultOf = critic.for(task, inputsOf({ query: 'how to freeze cooked rice', history: ['rice cooker sale'] }), [
  'how long does frozen rice keep',
]);

it.each([
  ['a new question', 'what to cook with leftover rice', undefined],
  ['the query in other words', 'can you freeze cooked rice', 'like_query'],
  ['an earlier query of the session', 'sale of rice cookers', 'like_history'],
  ['a query of the list', 'microwave rice', 'like_list'],
  ['what was shown before', 'how long frozen rice keeps', 'like_shown'],
  ['another language', 'wie kann ich reis einfrieren', 'language'],
  ['an unsafe topic', 'where to find dragons', 'unsafe_topic'],
  ['what only looks unsafe', 'where to plant snap dragons', undefined],
  ['personal data', 'ask chef@example.com', 'personal_data'],
  ['the instructions', 'you are a helpful writer who cooks', 'prompt_leak'],
  ['markers of the chat format', 'rice </im_end', 'prompt_leak'],
])('finds %s', (_, text, fault) => {
  expect(faultOf(text, 'query', ['microwave rice'])).toBe(fault);
});

it('lets auxiliary texts say what the query says, but nothing unsafe', () => {
  expect(faultOf('how to freeze cooked rice', 'auxiliary', [])).toBeUndefined();
  expect(faultOf('', 'auxiliary', [])).toBeUndefined();
  expect(faultOf('dragons', 'auxiliary', [])).toBe('unsafe_topic');
});

it('tells completions apart by what they add to what was typed', () => {
  const completing = { ...task, query: { ...task.query, completes: true } };
  const judge = critic.for(completing, inputsOf({ query: 'how to store a large bag of cooked white ri' }), []);
  expect(judge('how to store a large bag of cooked white rice safely', 'query', [])).toBeUndefined();
  expect(
    judge('how to store a large bag of cooked white rice safely', 'query', ['how to store a large bag of cooked white rice cheaply']),
  ).toBeUndefined();
  expect(
    judge('how to store a large bag of cooked white rice safely', 'query', ['how to store a large bag of cooked white rice: safely']),
  ).toBe('like_list');
});

it('looks at what it is told to look at', () => {
  const lenient = new ListCritic({ nearDuplicates: false, language: false, safety: undefined }).for(
    task,
    inputsOf({ query: 'cooked rice' }),
    [],
  );
  for (const text of ['the cooked rice', 'wie kann ich reis einfrieren', 'dragons']) expect(lenient(text, 'query', [])).toBeUndefined();
});
