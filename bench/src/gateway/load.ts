/** Calls `one` so often, so many at a time, and gives everything that it gave. */
export async function load<T>(calls: number, concurrency: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) results.push(await one(next++));
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return results;
}
