/** What came of a stretch of load. */
export interface Driven {
  /** Milliseconds that each call took. */
  readonly times: readonly number[];
  readonly callsPerSecond: number;
}

/** So many callers who each call again as soon as they are answered, for so long and until the last one is. A call that fails ends it. */
export async function drive(callers: number, forMs: number, call: () => Promise<unknown>): Promise<Driven> {
  const startedAt = performance.now();
  const times: number[] = [];
  const caller = async (): Promise<void> => {
    while (performance.now() < startedAt + forMs) {
      const calledAt = performance.now();
      await call();
      times.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { times, callsPerSecond: (times.length * 1_000) / (performance.now() - startedAt) };
}

/** Calls at a rate, whether answered or not, for so long; resolves when the last one has ended. */
export async function driveAtRate(callsPerSecond: number, forMs: number, call: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  const underWay: Promise<unknown>[] = [];
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - startedAt) {
    while (underWay.length < (elapsed / 1_000) * callsPerSecond) underWay.push(call());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(underWay);
}
