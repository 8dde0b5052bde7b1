import { create } from '@bufbuild/protobuf';
import { BatchPredictNextRequestSchema } from '@gqr/protos/gqr/ctr/v1/ctr';
import { describe, expect, it } from 'vitest';
import { parseSteps } from './parse-request.js';

const shared = {
  taskId: 'suggestion',
  context: { query: 'solar panels', response: 'Light into power.', history: [{ query: 'green energy' }] },
  cooccurrenceQueries: ['solar panel price'],
};

describe('what the steps of a batch have in common', () => {
  it('is sent once and holds for each of them', () => {
    const requests = [{ candidates: ['cost'] }, { chosenQueries: ['cost'], candidates: ['lifespan'] }];
    const about = {
      taskId: 'suggestion',
      query: 'solar panels',
      sources: { answer: 'Light into power.', history: ['green energy'], cooccurrence: ['solar panel price'] },
    };
    expect(parseSteps(create(BatchPredictNextRequestSchema, { ...shared, requests }))).toEqual([
      { ...about, chosen: [], candidates: ['cost'] },
      { ...about, chosen: ['cost'], candidates: ['lifespan'] },
    ]);
  });

  it('gives way to what a step has of its own', () => {
    const own = { taskId: 'hint', context: { query: 'wind' }, cooccurrenceQueries: ['wind turbines'], candidates: ['cost'] };
    expect(parseSteps(create(BatchPredictNextRequestSchema, { ...shared, requests: [own] }))).toEqual([
      {
        taskId: 'hint',
        query: 'wind',
        sources: { answer: '', history: [], cooccurrence: ['wind turbines'] },
        chosen: [],
        candidates: ['cost'],
      },
    ]);
  });

  it('is missed by name where neither has it', () => {
    const step = { candidates: ['cost'] };
    expect(() => parseSteps(create(BatchPredictNextRequestSchema, { requests: [step] }))).toThrow(
      expect.objectContaining({
        violations: [
          expect.objectContaining({ field: 'requests[0].task_id' }),
          expect.objectContaining({ field: 'requests[0].context.query' }),
        ],
      }),
    );
  });
});
