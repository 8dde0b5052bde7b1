import { expect, it } from 'vitest';
import { keepFresh } from './keep-fresh.js';

it('refreshes at once and again and again, failures or not, until it is told to stop', async () => {
  const stop = new AbortController();
  const errors: unknown[] = [];
  let times = 0;
  const refresh = async (): Promise<void> => {
    times++;
    if (times === 2) throw new Error('away');
    if (times === 4) stop.abort();
  };
  await keepFresh(refresh, { everyMs: 1, signal: stop.signal, onError: (error) => errors.push(error) });
  expect([times, errors]).toEqual([4, [new Error('away')]]);
});
