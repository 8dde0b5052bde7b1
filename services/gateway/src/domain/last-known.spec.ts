import { unlimited } from '@gqr/chassis/grpc/call';
import { expect, it } from 'vitest';
import { LastKnown } from './last-known.js';

it('fetches when nothing is known, and not again', async () => {
  let fetched = 0;
  const value = new LastKnown(async () => ++fetched, { timeoutMs: 1000 });
  expect([await value.get(unlimited), await value.get(unlimited), value.value]).toEqual([1, 1, 1]);
});

it('keeps what is known when a refresh fails', async () => {
  let fetched = 0;
  const value = new LastKnown(async () => (++fetched > 1 ? Promise.reject(new Error('away')) : fetched), { timeoutMs: 1000 });
  await value.refresh();
  await expect(value.refresh()).rejects.toThrow('away');
  expect(await value.get(unlimited)).toBe(1);
});

it('gives every fetch its own time limit', async () => {
  const value = new LastKnown(
    (limits) =>
      new Promise((_, reject) => {
        limits.signal.addEventListener('abort', () => {
          reject(limits.signal.reason as Error);
        });
      }),
    { timeoutMs: 10 },
  );
  await expect(value.get(unlimited)).rejects.toMatchObject({ why: 'deadline' });
});
