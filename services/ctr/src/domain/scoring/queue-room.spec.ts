import { CallEndedError, OverloadedError } from '@gqr/chassis/errors';
import { describe, expect, it } from 'vitest';
import { heldQueue, input, inputs, never, thousandths } from '../../../test/held-queue.js';

describe('a full queue', () => {
  it('refuses at once, says when to come back, and keeps what waits', async () => {
    const { queue, clock, end } = heldQueue({ maxQueuedInputs: 4, maxBatchInputs: 1 });
    const first = queue.predict(inputs(1), never);
    clock.ms = 200;
    await end();
    await first;
    const accepted = [1, 2, 3, 4, 5].map((n) => queue.predict(inputs(n), never));
    const refused: unknown = await queue.predict(inputs(6), never).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OverloadedError);
    // The first input took 200 ms; smoothed from 1 ms that makes 20.9 an input, of which 4 wait.
    expect(refused).toMatchObject({ retryAfterMs: 84 });
    for (let i = 0; i < 5; i++) await end();
    expect((await Promise.all(accepted)).map(({ probabilities }) => probabilities[0])).toEqual([...thousandths(1, 2, 3, 4, 5)]);
  });

  it('refuses a request whose time would be over before it is done, and takes one that has the time', async () => {
    const { queue, clock, end } = heldQueue();
    const first = queue.predict(inputs(1), never);
    clock.ms = 1_000;
    await end();
    await first;
    // An input takes 100.9 ms now, smoothed from 1; ten wait before this one.
    const running = queue.predict(inputs(1), never);
    const ahead = queue.predict(inputs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), never);
    await expect(queue.predict(inputs(2), never, 1_109)).rejects.toThrow(OverloadedError);
    const taken = queue.predict(inputs(2), never, 1_110);
    await end();
    await end();
    await Promise.all([running, ahead, taken]);
  });

  it('takes a request for which nothing waits, however little time it has', async () => {
    const { queue, end } = heldQueue();
    const running = queue.predict(inputs(1), never);
    const next = queue.predict(inputs(2), never, 0.01);
    await end();
    await end();
    await Promise.all([running, next]);
  });

  it('does not count what a bulk request has waiting for later turns against a list', async () => {
    const { queue, end } = heldQueue({ maxQueuedInputs: 200 });
    const bulk = queue.predict(
      Array.from({ length: 600 }, (_, n) => input(n)),
      never,
    );
    // 500 wait, of which 16 have their turn before the list, at 1 ms each.
    const list = queue.predict(inputs(1, 2), never, 20);
    for (let i = 0; i < 7; i++) await end();
    expect((await Promise.all([bulk, list]))[1].probabilities).toEqual(thousandths(1, 2));
  });

  it('takes requests again as soon as there is room', async () => {
    const { queue, end } = heldQueue({ maxQueuedInputs: 1, maxBatchInputs: 1 });
    const answers = [queue.predict(inputs(1), never), queue.predict(inputs(2), never)];
    expect(() => {
      queue.checkRoom(1);
    }).toThrow(OverloadedError);
    await end();
    answers.push(queue.predict(inputs(3), never));
    await end();
    await end();
    await Promise.all(answers);
  });

  it('takes a request that is larger than itself, and others beside it', async () => {
    const { queue, end } = heldQueue({ maxQueuedInputs: 4, maxBatchInputs: 3 });
    const answers = [queue.predict(inputs(1, 2, 3, 4, 5, 6, 7, 8, 9), never), queue.predict(inputs(11, 12), never)];
    await expect(queue.predict(inputs(13), never)).rejects.toThrow(OverloadedError);
    for (let i = 0; i < 4; i++) await end();
    const [bulk, list] = await Promise.all(answers);
    expect([bulk?.probabilities.length, list?.probabilities.length]).toEqual([9, 2]);
  });

  it('gives the room of callers who leave to others', async () => {
    const { queue, end } = heldQueue({ maxQueuedInputs: 2 });
    const caller = new AbortController();
    const first = queue.predict(inputs(1), never);
    const left = [queue.predict(inputs(2), caller.signal), queue.predict(inputs(3), caller.signal)];
    await expect(queue.predict(inputs(4), never)).rejects.toThrow(OverloadedError);
    caller.abort(new CallEndedError('cancelled'));
    await Promise.allSettled(left);
    const next = queue.predict(inputs(5, 6), never);
    await end();
    await end();
    await Promise.all([first, next]);
  });
});
