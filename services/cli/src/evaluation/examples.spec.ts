import { normalise } from '@gqr/chassis/text/normalise';
import { describe, expect, it } from 'vitest';
import { CliFailure } from '../failure.js';
import { toExample, WorkedExamples } from './examples.js';
import { type WrittenInstance, writtenInstances } from './instances.js';
import { type Prompt, testPrompts } from './prompts.js';

const instance = (id: string, more: Partial<WrittenInstance> = {}): WrittenInstance => ({
  id,
  conversation: `c-${id}`,
  taskId: 'hint',
  split: 'train',
  inputs: { query: `query ${id}`, response: '', history: [], cooccurrence: [] },
  output: { queries: ['next'], auxiliaryTexts: {} },
  ...more,
});
const prompt: Prompt = { id: 'p', taskId: 'hint', conversation: 'mine', query: 'rice', response: '', history: [], cooccurrence: [] };
/** The instances, and as many long ones as can be drawn from them, so that the shorter half is those that are given. */
const withLong = (...short: WrittenInstance[]): WrittenInstance[] => [
  ...short,
  ...short
    .filter(({ taskId, split }) => taskId === 'hint' && split === 'train')
    .map(({ id }) =>
      instance(`long-${id}`, { inputs: { query: 'q'.repeat(99), response: 'x'.repeat(400), history: [], cooccurrence: [] } }),
    ),
];
const idsOf = (drawn: readonly WrittenInstance[]): string[] => drawn.map(({ id }) => id);

describe('worked examples', () => {
  it('are of the training split, of the same task, and not of the prompt’s conversation nor its query', () => {
    const book = new WorkedExamples(
      withLong(
        instance('good'),
        instance('other-task', { taskId: 'suggestion' }),
        instance('test', { split: 'test' }),
        instance('validation', { split: 'validation' }),
        instance('same-conversation', { conversation: 'mine' }),
        instance('same-query', { inputs: { query: ' RICE ', response: '', history: [], cooccurrence: [] } }),
      ),
    );
    expect(idsOf(book.draw(prompt, 8, 0))).toEqual(['good']);
  });

  it('are drawn by the seed, anew for every prompt, the shortest first', () => {
    const many = Array.from({ length: 40 }, (_, i) => instance(`${'i'.repeat(40 - i)}${String(i)}`));
    const book = new WorkedExamples(withLong(...many));
    const drawn = book.draw(prompt, 5, 1);
    expect(drawn).toHaveLength(5);
    expect(idsOf(book.draw(prompt, 5, 1))).toEqual(idsOf(drawn));
    expect(idsOf(new WorkedExamples(withLong(...many).reverse()).draw(prompt, 5, 1))).toEqual(idsOf(drawn));
    expect(idsOf(book.draw(prompt, 5, 2))).not.toEqual(idsOf(drawn));
    expect(idsOf(book.draw({ ...prompt, id: 'another' }, 5, 1))).not.toEqual(idsOf(drawn));
    const lengths = drawn.map(({ inputs }) => inputs.query.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });

  it('are of different conversations', () => {
    const copies = ['a', 'a-copy', 'b', 'b-copy'].map((id) => instance(id, { conversation: `c-${id.slice(0, 1)}` }));
    const drawn = new WorkedExamples(withLong(...copies)).draw(prompt, 8, 0);
    expect(drawn.map(({ conversation }) => conversation).sort()).toEqual(['c-a', 'c-b']);
  });

  it('carry inputs and the list with its auxiliary texts', () => {
    const inputs = { query: 'rice', response: 'Yes.', history: [{ query: 'pasta', response: '' }], cooccurrence: ['freeze rice'] };
    expect(toExample(instance('x', { inputs, output: { queries: ['a', 'b'], auxiliaryTexts: { prefix: 'with' } } }))).toEqual({
      context: { query: 'rice', response: 'Yes.', history: [{ query: 'pasta', response: '' }] },
      cooccurrenceQueries: ['freeze rice'],
      auxiliaryTexts: { prefix: 'with' },
      queries: ['a', 'b'],
    });
  });

  it('cannot be had for a task without instances', () => {
    expect(() => new WorkedExamples([]).draw(prompt, 3, 0)).toThrow(CliFailure);
  });
});

describe('worked examples of the instances that ship', () => {
  const instances = writtenInstances();
  const book = new WorkedExamples(instances);
  const prompts = testPrompts();

  it('leak nothing of the test or validation split', () => {
    const heldBack = instances.filter(({ split }) => split !== 'train');
    const conversations = new Set(heldBack.map(({ conversation }) => conversation));
    const queries = new Set(heldBack.map(({ inputs }) => normalise(inputs.query)));
    expect(prompts.length).toBeGreaterThan(50);
    for (const each of prompts) {
      const drawn = book.draw(each, 8, 0);
      expect(drawn).toHaveLength(8);
      for (const { taskId, split, conversation, inputs } of drawn) {
        expect([taskId, split]).toEqual([each.taskId, 'train']);
        expect(conversations.has(conversation)).toBe(false);
        expect(queries.has(normalise(inputs.query))).toBe(false);
      }
    }
  });

  it('say the names of auxiliary texts', () => {
    const clarification = prompts.find(({ taskId }) => taskId === 'clarification');
    expect(clarification).toBeDefined();
    for (const { output } of clarification === undefined ? [] : book.draw(clarification, 3, 0))
      expect(Object.keys(output.auxiliaryTexts).sort()).toEqual(['guiding_sentence', 'prefix', 'suffix']);
  });
});
