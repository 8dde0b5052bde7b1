import { describe, expect, it } from 'vitest';
import { clarification, suggestion } from '../../../test/fakes/tasks.js';
import { composeQuery, Task } from './task.js';

describe('a task', () => {
  it('shows whole queries unless a prefix or a suffix goes around them', () => {
    expect(new Task(suggestion).showsWholeQueries).toBe(true);
    expect(new Task(clarification).showsWholeQueries).toBe(false);
    expect(new Task({ ...suggestion, auxiliaryTexts: ['guiding_sentence'] }).showsWholeQueries).toBe(true);
  });

  it('offers no longer lists than an impression id can stand for', () => {
    const task = new Task({ ...suggestion, defaultCount: 64, maxCount: 64 });
    expect([task.defaultCount, task.maxCount]).toEqual([47, 47]);
  });
});

describe('the query of a recommendation', () => {
  it.each([
    [{}, 'make it rhyme'],
    [{ prefix: 'Write a poem', suffix: 'in 8 lines', guiding_sentence: 'Refine?' }, 'Write a poem make it rhyme in 8 lines'],
    [{ prefix: '', suffix: 'in 8 lines' }, 'make it rhyme in 8 lines'],
  ])('joins prefix, text and suffix of %j by single spaces', (auxiliaryTexts, query) => {
    expect(composeQuery('make it rhyme', auxiliaryTexts)).toBe(query);
  });
});
