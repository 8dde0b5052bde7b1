import { hasEnded, type Run } from './run.js';

/** Those who want to know how runs are getting on. */
export class RunWatchers {
  private readonly listeners = new Set<(run: Run) => void>();

  tell(run: Run): void {
    this.listeners.forEach((listener) => {
      listener(run);
    });
  }

  /** `read` gives the run as it is when watching begins. Ends with the run, or with the signal's reason. */
  async *watch(runId: string, read: () => Promise<Run>, signal: AbortSignal): AsyncGenerator<Run> {
    let changed = Promise.withResolvers<undefined>();
    let told: Run | undefined;
    const listener = (run: Run): void => {
      if (run.runId === runId) told = run;
      changed.resolve(undefined);
    };
    const leave = (): void => {
      changed.resolve(undefined);
    };
    this.listeners.add(listener);
    signal.addEventListener('abort', leave, { once: true });
    try {
      let latest = await read();
      for (;;) {
        yield latest;
        if (hasEnded(latest)) return;
        while (told === undefined) {
          signal.throwIfAborted();
          await changed.promise;
          changed = Promise.withResolvers<undefined>();
        }
        latest = told;
        told = undefined;
      }
    } finally {
      this.listeners.delete(listener);
      signal.removeEventListener('abort', leave);
    }
  }
}
