import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 500;

/** Does `refresh` now and again every `everyMs`, sooner after a failure, until `signal` aborts. Never rejects. */
export async function keepFresh(
  refresh: () => Promise<unknown>,
  options: { readonly everyMs: number; readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  while (!options.signal.aborted) {
    let pauseMs = options.everyMs;
    try {
      await refresh();
    } catch (error) {
      options.onError(error);
      pauseMs = Math.min(pauseMs, RETRY_MS);
    }
    await sleep(pauseMs, undefined, { signal: options.signal, ref: false }).catch(() => undefined);
  }
}
