import { CallEndedError } from '@gqr/chassis/errors';
import { describe, expect, it } from 'vitest';
import { heldQueue, input, inputs, never, thousandths } from '../../../test/held-queue.js';
import { InferenceError } from './inference-engine.js';

describe('batches', () => {
  it('runs the first request at once, and those that come meanwhile together', async () => {
    const { queue, batches, end } = heldQueue();
    const answers = [queue.predict(inputs(1), never), queue.predict(inputs(2), never), queue.predict(inputs(3, 4), never)];
    expect(batches()).toEqual([[1]]);
    await end();
    expect(batches()).toEqual([[1], [2, 3, 4]]);
    await end();
    const probabilities = (await Promise.all(answers)).map((answer) => answer.probabilities);
    expect(probabilities).toEqual([thousandths(1), thousandths(2), thousandths(3, 4)]);
  });

  it('are bounded in tokens with the padding that the longest input asks for', async () => {
    const { queue, batches, observer, end } = heldQueue({ maxBatchTokens: 12 });
    const first = queue.predict(inputs(9), never);
    // 1, 2 and 3 padded to 4 tokens are 12; a fourth input would make it 16.
    const second = queue.predict([input(1, 2), input(2, 3), input(3, 4), input(4, 4)], never);
    for (let i = 0; i < 3; i++) await end();
    await Promise.all([first, second]);
    expect(batches()).toEqual([[9], [1, 2, 3], [4]]);
    expect(observer.batches.map(({ inputs: count, paddedTokens }) => [count, paddedTokens])).toEqual([
      [1, 1],
      [3, 12],
      [1, 4],
    ]);
  });

  it('are bounded in inputs', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchInputs: 2 });
    const answer = queue.predict(inputs(1, 2, 3, 4, 5), never);
    for (let i = 0; i < 3; i++) await end();
    expect(batches()).toEqual([[1, 2], [3, 4], [5]]);
    expect((await answer).probabilities).toEqual(thousandths(1, 2, 3, 4, 5));
  });

  it('take an input that is longer than a whole batch alone', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchTokens: 8 });
    const answer = queue.predict([input(1, 20), input(2, 4), input(3, 4)], never);
    for (let i = 0; i < 2; i++) await end();
    expect(batches()).toEqual([[2, 3], [1]]);
    expect((await answer).probabilities).toEqual(thousandths(1, 2, 3));
  });

  it('take the inputs of a request by length, and answer in the order of the request', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchInputs: 2 });
    const answer = queue.predict([input(1, 9), input(2, 3), input(3, 8), input(4, 2)], never);
    for (let i = 0; i < 2; i++) await end();
    expect(batches()).toEqual([
      [4, 2],
      [3, 1],
    ]);
    expect((await answer).probabilities).toEqual(thousandths(1, 2, 3, 4));
  });

  it('let a list not wait behind a bulk request: requests take turns', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchInputs: 4 });
    const bulk = queue.predict(inputs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), never);
    const list = queue.predict(inputs(21, 22), never);
    await end();
    expect(batches()[1]).toEqual([5, 6, 21, 22]);
    await end();
    expect((await list).probabilities).toEqual(thousandths(21, 22));
    for (let i = 0; i < 2; i++) await end();
    expect((await bulk).probabilities).toHaveLength(12);
  });

  it('take the whole of a list in its turn, so that lists are done one after the other', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchInputs: 8 });
    const running = queue.predict(inputs(1), never);
    const lists = [
      queue.predict(inputs(11, 12, 13), never),
      queue.predict(inputs(21, 22, 23), never),
      queue.predict(inputs(31, 32, 33), never),
    ];
    await end();
    expect(batches()[1]).toEqual([11, 12, 13, 21, 22, 23, 31, 32]);
    await end();
    await Promise.all([running, ...lists.slice(0, 2)]);
    expect(batches()[2]).toEqual([33]);
    await end();
    expect((await lists[2])?.probabilities).toEqual(thousandths(31, 32, 33));
  });

  it('have inputs of about one length where more waits than one takes, those of the request whose turn it is', async () => {
    const { queue, batches, observer, end } = heldQueue({ maxBatchTokens: 96 });
    const running = queue.predict(inputs(1), never);
    const answers = [
      queue.predict([input(10, 20), input(11, 3)], never),
      queue.predict([input(20, 24), input(21, 2)], never),
      queue.predict([input(30, 17), input(31, 24), input(32, 4)], never),
    ];
    for (let i = 0; i < 3; i++) await end();
    // 7 inputs of up to 24 tokens would be 168: the short ones first, and then what is left fits into one batch.
    expect(batches()).toEqual([[1], [11, 21, 32], [10, 20, 30, 31]]);
    expect(observer.batches.map(({ paddedTokens }) => paddedTokens)).toEqual([1, 12, 96]);
    expect((await Promise.all(answers)).map(({ probabilities }) => [...probabilities].map((p) => Math.round(p * 1_000)))).toEqual([
      [10, 11],
      [20, 21],
      [30, 31, 32],
    ]);
    await running;
  });

  it('mix lengths where all that waits fits into one, so that a list is one batch', async () => {
    const { queue, batches, end } = heldQueue();
    const list = queue.predict([input(1, 4), input(2, 30), input(3, 60), input(4, 90)], never);
    expect(batches()).toEqual([[1, 2, 3, 4]]);
    await end();
    await list;
  });

  it('leave nobody behind whose inputs are of a length that others have not', async () => {
    const { queue, batches, end } = heldQueue({ maxBatchTokens: 60, maxBatchInputs: 4 });
    const answers = [queue.predict(inputs(1), never), queue.predict([input(2, 30)], never)];
    for (let n = 0; n < 4; n++) answers.push(queue.predict([input(10 + n, 2), input(20 + n, 2)], never));
    await end();
    expect(batches()[1]).toEqual([2]);
    for (let i = 0; i < 3; i++) await end();
    await Promise.all(answers);
  });

  it('run side by side where the engine takes several at a time', async () => {
    const { queue, batches, end } = heldQueue({}, 2);
    const answers = [queue.predict(inputs(1), never), queue.predict(inputs(2), never), queue.predict(inputs(3), never)];
    expect(batches()).toEqual([[1], [2]]);
    await end();
    expect(batches()).toEqual([[1], [2], [3]]);
    await end();
    await end();
    await Promise.all(answers);
  });
});

describe('times', () => {
  it('say how long a request waited for its first batch, and how long its batches took', async () => {
    const { queue, clock, observer, end } = heldQueue({ maxBatchInputs: 1 });
    const first = queue.predict(inputs(1), never);
    clock.ms = 10;
    const second = queue.predict(inputs(2, 3), never);
    clock.ms = 30;
    await end();
    clock.ms = 35;
    await end();
    clock.ms = 42;
    await end();
    expect(await first).toMatchObject({ queueMs: 0, inferenceMs: 30 });
    expect(await second).toMatchObject({ queueMs: 20, inferenceMs: 12 });
    expect(observer.batches.map(({ seconds }) => seconds)).toEqual([0.03, 0.005, 0.007]);
  });
});

describe('a caller who leaves', () => {
  it.each(['cancelled', 'deadline'] as const)('gets its answer at once, and what waits of its work is never run (%s)', async (why) => {
    const { queue, batches, observer, end } = heldQueue();
    const caller = new AbortController();
    const running = queue.predict(inputs(1), never);
    const left = queue.predict(inputs(2, 3), caller.signal);
    const stays = queue.predict(inputs(4), never);
    expect(observer.waiting).toBe(3);
    caller.abort(new CallEndedError(why));
    await expect(left).rejects.toMatchObject({ name: 'CallEndedError', why });
    expect([observer.waiting, observer.dropped]).toEqual([1, 2]);
    await end();
    await end();
    expect(batches()).toEqual([[1], [4]]);
    await Promise.all([running, stays]);
  });

  it('has the batch that holds its work go on for the others', async () => {
    const { queue, batches, observer, end } = heldQueue({ maxBatchInputs: 2 });
    const caller = new AbortController();
    const running = queue.predict(inputs(1), never);
    const left = queue.predict(inputs(2, 3), caller.signal);
    const stays = queue.predict(inputs(4), never);
    await end();
    expect(batches()[1]).toEqual([2, 4]);
    caller.abort(new CallEndedError('cancelled'));
    await expect(left).rejects.toThrow(CallEndedError);
    expect(observer.dropped).toBe(1);
    await end();
    expect((await stays).probabilities).toEqual(thousandths(4));
    await running;
    expect([observer.waiting, batches()]).toEqual([0, [[1], [2, 4]]]);
  });

  it('who left before is not queued at all', async () => {
    const { queue, engine } = heldQueue();
    await expect(queue.predict(inputs(1), AbortSignal.abort(new CallEndedError('deadline')))).rejects.toThrow(CallEndedError);
    expect(engine.batches).toEqual([]);
  });
});

describe('an engine that fails', () => {
  it('fails the requests of that batch, and no other', async () => {
    const { queue, batches, observer, end } = heldQueue({ maxBatchInputs: 2 });
    const first = queue.predict(inputs(1), never);
    const second = queue.predict(inputs(2, 3, 4), never);
    const third = queue.predict(inputs(5), never);
    const fourth = queue.predict(inputs(6), never);
    await end();
    expect(batches()[1]).toEqual([2, 5]);
    const failed = [expect(second).rejects.toThrow('out of memory'), expect(third).rejects.toThrow('out of memory')];
    await end(new InferenceError('out of memory'));
    await Promise.all(failed);
    // The rest of the second request is not run any more.
    expect(batches()[2]).toEqual([6]);
    await end();
    expect([(await first).probabilities, (await fourth).probabilities]).toEqual([thousandths(1), thousandths(6)]);
    expect([observer.waiting, observer.dropped]).toEqual([0, 0]);
  });

  it.each([
    ['a NaN', Float32Array.of(0.1, NaN)],
    ['more than certain', Float32Array.of(0.1, 1.5)],
    ['less than impossible', Float32Array.of(-0.1, 0.5)],
    ['too few numbers', Float32Array.of(0.1)],
    ['too many numbers', Float32Array.of(0.1, 0.2, 0.3)],
  ])('fails a batch that it answers with %s', async (_, answer) => {
    const { queue, end } = heldQueue();
    const asked = queue.predict(inputs(1, 2), never);
    await Promise.all([expect(asked).rejects.toThrow(InferenceError), end(answer)]);
    const next = queue.predict(inputs(3), never);
    await end();
    expect((await next).probabilities).toEqual(thousandths(3));
  });
});

describe('a queue that is given up', () => {
  it('is idle only when its last batch has ended, even if nobody waits for that one', async () => {
    const { queue, end } = heldQueue();
    const caller = new AbortController();
    const left = queue.predict(inputs(1), caller.signal);
    caller.abort(new CallEndedError('cancelled'));
    await expect(left).rejects.toThrow(CallEndedError);
    let idle = false;
    const waiting = queue.idle().then(() => {
      idle = true;
    });
    await new Promise(setImmediate);
    expect(idle).toBe(false);
    await end();
    await waiting;
    await queue.idle();
  });
});
