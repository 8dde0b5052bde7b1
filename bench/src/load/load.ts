import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `one` so often, so many at a time, and gives everything that it gave.
 * @param beginMs time over which the callers begin, one after the other: those that begin together make a crowd that lasts
 */
export async function load<T>(calls: number, concurrency: number, one: (index: number) => Promise<T>, beginMs = 0): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const caller = async (_: unknown, at: number): Promise<void> => {
    if (beginMs > 0) await sleep((at / concurrency) * beginMs);
    while (next < calls) results.push(await one(next++));
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return results;
}
