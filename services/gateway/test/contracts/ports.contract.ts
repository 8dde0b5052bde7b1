import { unlimited } from '@gqr/chassis/grpc/call';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Asked, ClickPredictor } from '../../src/domain/recommend/click-predictor.js';
import type { NextQueries } from '../../src/domain/recommend/next-queries.js';
import type { QueryWriter, WriteRequest, WrittenPiece } from '../../src/domain/recommend/query-writer.js';
import type { TaskSource } from '../../src/domain/tasks/task-catalogue.js';
import { dependencyContract, type Subject } from './dependency.contract.js';

const CONTEXT = { query: 'solar panels', response: '', history: [], sideInformation: {} };

export const WRITE: WriteRequest = {
  taskId: 'suggestion',
  context: CONTEXT,
  cooccurrenceQueries: ['solar panel price'],
  count: 2,
  pool: { size: 4, key: 'prompt' },
  includePrompt: true,
};

function withSubject<Port>(open: () => Promise<Subject<Port>>): { port(): Port } {
  let subject: Subject<Port> | undefined;
  beforeEach(async () => {
    subject = await open();
  });
  afterEach(() => subject?.close());
  return {
    port: () => {
      if (subject === undefined) throw new Error('not open');
      return subject.port;
    },
  };
}

/** Whoever is behind it writes "solar panels 1" and "solar panels 2" with prefix "Tell me:". */
export function queryWriterContract(name: string, open: () => Promise<Subject<QueryWriter>>): void {
  dependencyContract(name, 'generation', open, (writer, limits) => writer.write(WRITE, limits, () => undefined));
  describe(name, () => {
    const subject = withSubject(open);

    it('tells of each piece in order, and then gives the whole list', async () => {
      const pieces: WrittenPiece[] = [];
      const list = await subject.port().write(WRITE, unlimited, (piece) => pieces.push(piece));
      expect(pieces).toEqual([
        { kind: 'auxiliary_text', name: 'prefix', text: 'Tell me:' },
        { kind: 'query', text: 'solar panels 1', logPropensity: -1 },
        { kind: 'query', text: 'solar panels 2', logPropensity: -2 },
      ]);
      expect(list).toMatchObject({
        queries: [
          { text: 'solar panels 1', logPropensity: -1 },
          { text: 'solar panels 2', logPropensity: -2 },
        ],
        auxiliaryTexts: { prefix: 'Tell me:' },
        policy: { kind: 'policy.suggestion' },
        decoding: { temperature: 0.7, topP: 0.95, minP: 0.05, poolSize: 4, repetitionPenalty: 1.1, diversity: 0.5 },
      });
      expect(list.prompt).not.toBe('');
    });
  });
}

const ASKED: Asked = { taskId: 'suggestion', context: CONTEXT, cooccurrenceQueries: ['a really asked query'] };

export function clickPredictorContract(name: string, open: () => Promise<Subject<ClickPredictor>>): void {
  dependencyContract(name, 'ctr', open, (predictor, limits) => predictor.predict(ASKED, [{ chosen: [], candidates: ['a'] }], limits));
  describe(name, () => {
    const subject = withSubject(open);

    it('gives every candidate for every place a probability, in order', async () => {
      const places = [
        { chosen: [], candidates: ['a'] },
        { chosen: ['a'], candidates: ['b'] },
        { chosen: ['a', 'b'], candidates: ['c', 'd', 'e'] },
      ];
      const { probabilities, model } = await subject.port().predict(ASKED, places, unlimited);
      expect([probabilities.slice(0, 2), probabilities[2]?.slice(1), model?.kind]).toEqual([[[0.5], [0.25]], [0.75, 0.875], 'ctr']);
      expect(probabilities[2]).toHaveLength(3);
    });
  });
}

/** Whoever is behind it knows that "solar panels price" followed "solar panels" 9 times, and that "weather tomorrow" is popular. */
export function nextQueriesContract(name: string, open: () => Promise<Subject<NextQueries>>): void {
  dependencyContract(name, 'cooccurrence', open, (queries, limits) => queries.retrieve('solar panels', 1, limits));
  describe(name, () => {
    const subject = withSubject(open);

    it('gives no more queries than were asked for, best first', async () => {
      const next = await subject.port().retrieve('solar panels', 1, unlimited);
      expect(next).toMatchObject({
        queries: [{ text: 'solar panels price', count: 9n, viaQuery: '', similarity: 1 }],
        snapshot: { kind: 'cooccurrence' },
      });
      expect((await subject.port().listPopular(1, unlimited)).queries).toEqual(['weather tomorrow']);
    });
  });
}

/** Whoever is behind it defines at least the task "suggestion". */
export function taskSourceContract(name: string, open: () => Promise<Subject<TaskSource>>): void {
  dependencyContract(name, 'generation', open, (source, limits) => source.listTasks(limits));
  describe(name, () => {
    const subject = withSubject(open);

    it('gives the tasks as they are defined', async () => {
      const tasks = await subject.port().listTasks(unlimited);
      expect(tasks.find(({ id }) => id === 'suggestion')).toMatchObject({
        defaultCount: 3,
        maxCount: 8,
        listReward: 'multi',
        sideInformation: ['locale'],
      });
    });
  });
}
