import { expect, it } from 'vitest';
import { seededRandom } from '../decode/seeded-random.js';
import { ListIncompleteError } from '../errors.js';
import { ScriptedSession } from '../testing/scripted-session.js';
import { auxiliaryTask, sampleTask } from '../testing/sample-task.js';
import { type ListOrder, type ListPiece, ListWriter } from './write-list.js';

async function write(script: readonly string[], order: Partial<ListOrder> = {}) {
  const session = new ScriptedSession(script);
  const writer = new ListWriter(
    {
      task: sampleTask,
      count: 3,
      userQuery: 'the query',
      excluded: new Set(['the query']),
      decoding: sampleTask.decoding,
      random: seededRandom(1n),
      faultOf: (text) => (text.startsWith('unsafe') ? 'unsafe_topic' : text.startsWith('like') ? 'like_query' : undefined),
      ...order,
    },
    session,
  );
  const pieces: ListPiece[] = [];
  const failure = await (async () => {
    for await (const piece of writer.write()) pieces.push(piece);
  })().catch((error: unknown) => error);
  return {
    session,
    writer,
    failure,
    texts: pieces.map(({ text }) => text),
    propensities: pieces.map(({ logPropensity }) => logPropensity),
  };
}

it('passes on the lines of a good list with their propensities', async () => {
  const { texts, propensities, writer, session } = await write(['one', 'two', 'three']);
  expect(texts).toEqual(['one', 'two', 'three']);
  expect(propensities).toEqual([-1, -1, -1]);
  expect(writer.cost).toEqual({ tokens: 3, redraws: 0 });
  expect(session.orders).toHaveLength(1);
});

it('draws a refused line again behind those that stand, freer and without the refused text, and does not know its propensity then', async () => {
  const { texts, propensities, writer, session } = await write(['one', 'like it', 'two', 'three']);
  expect(texts).toEqual(['one', 'two', 'three']);
  expect(propensities).toEqual([-1, undefined, -1]);
  expect(writer.refused).toEqual(['like_query']);
  expect(writer.cost.redraws).toBe(1);
  const [first, second, third] = session.orders;
  expect(second?.given).toEqual(['one']);
  expect(second?.lines).toHaveLength(1);
  expect(second?.lines[0]?.rule.excluded).toContain('like it');
  expect(second?.decoding.temperature).toBeGreaterThan(first?.decoding.temperature ?? NaN);
  expect(third).toMatchObject({ given: ['one', 'two'], ends: true, decoding: sampleTask.decoding });
});

it('lets the first line stand that only repeats what is known when no better one comes', async () => {
  const { texts, writer } = await write(['like a', 'like b', 'like c', 'like d', 'two', 'three']);
  expect(texts).toEqual(['like a', 'two', 'three']);
  expect(writer.tolerated).toEqual(['like_query']);
});

it('does not ask a model for a language again that it did not write in the first line', async () => {
  const faultOf: ListOrder['faultOf'] = () => 'language';
  const { texts, writer } = await write(['a', 'b', 'c', 'd', 'two', 'three'], { faultOf });
  expect(texts).toEqual(['a', 'two', 'three']);
  expect(writer.tolerated).toEqual(['language']);
});

it('never lets a line stand that must not be shown', async () => {
  const { texts, failure } = await write(['one', ...Array.from({ length: 30 }, () => 'unsafe')]);
  expect(texts).toEqual(['one']);
  expect(failure).toBeInstanceOf(ListIncompleteError);
});

it.each([
  ['repeats a text that is excluded', ['The query?', 'one', 'two', 'three']],
  ['repeats an earlier query of the list', ['one', 'ONE', 'two', 'three']],
  ['is longer than its rule allows', ['one', 'x'.repeat(21), 'two', 'three']],
  ['holds a separator', ['one', 'a|b', 'two', 'three']],
])('draws again what a backend without a grammar wrote and %s', async (_, script) => {
  const { texts, writer } = await write(script);
  expect(texts).toEqual(['one', 'two', 'three']);
  expect(writer.refused).toEqual(['malformed']);
});

it('gives each auxiliary text its head, empty ones too', async () => {
  const { session, texts } = await write(['How', '', 'one', 'like', 'two'], { task: auxiliaryTask, count: 2 });
  expect(texts).toEqual(['How', '', 'one', 'two']);
  expect(session.orders.at(-1)?.given).toEqual(['Guide: How', 'Suffix:', 'one']);
});

it('gives up when the model has no more to say', async () => {
  const { texts, failure } = await write(['one']);
  expect(texts).toEqual(['one']);
  expect(failure).toBeInstanceOf(ListIncompleteError);
});
