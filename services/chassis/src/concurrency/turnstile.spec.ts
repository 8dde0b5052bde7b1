import { expect, it } from 'vitest';
import { CallEndedError, OverloadedError } from '../errors.js';
import { unlimited } from '../grpc/call.js';
import { Turnstile } from './turnstile.js';

const narrow = (): Turnstile => new Turnstile({ name: 'the door', capacity: 1, maxWaiting: 2, retryAfterMs: 50 });

it('lets callers in one after the other, in the order in which they came', async () => {
  const turnstile = narrow();
  const order: string[] = [];
  const first = await turnstile.enter(unlimited);
  const second = turnstile.enter(unlimited).then((release) => {
    order.push('second');
    release();
  });
  const third = turnstile.enter(unlimited).then((release) => {
    order.push('third');
    release();
  });
  expect(order).toEqual([]);
  first();
  await Promise.all([second, third]);
  expect(order).toEqual(['second', 'third']);
});

it('sends callers away at once when the line is full', async () => {
  const turnstile = narrow();
  await turnstile.enter(unlimited);
  void turnstile.enter(unlimited);
  void turnstile.enter(unlimited);
  await expect(turnstile.enter(unlimited)).rejects.toThrow(OverloadedError);
});

it('forgets a caller who left the line', async () => {
  const turnstile = narrow();
  const first = await turnstile.enter(unlimited);
  const controller = new AbortController();
  const leaving = turnstile.enter({ signal: controller.signal, deadline: Infinity });
  controller.abort(new CallEndedError('cancelled'));
  await expect(leaving).rejects.toThrow(CallEndedError);
  expect(turnstile.waiting).toBe(0);
  first();
  const again = await turnstile.enter(unlimited);
  again();
});

it('takes a place back only once', async () => {
  const turnstile = narrow();
  const first = await turnstile.enter(unlimited);
  first();
  first();
  await turnstile.enter(unlimited);
  let entered = false;
  void turnstile.enter(unlimited).then(() => {
    entered = true;
  });
  await Promise.resolve();
  expect(entered).toBe(false);
});
