import type { Context } from './context.js';
import { ProgressDisplay } from './terminal/progress-display.js';

/** What long work gets: a signal that aborts when the user presses Ctrl-C, and where it shows how far it is. */
export interface Watched {
  readonly signal: AbortSignal;
  readonly display: ProgressDisplay;
}

/** Does long work until it is done or the user presses Ctrl-C; undefined then, with a remark on how to go on. */
export async function interruptible<T>(context: Context, goOn: string, work: (watched: Watched) => Promise<T>): Promise<T | undefined> {
  const display = new ProgressDisplay(context.terminal.err);
  const interrupted = new AbortController();
  const forget = context.onInterrupt(() => {
    interrupted.abort();
  });
  try {
    return await work({ signal: interrupted.signal, display });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    display.clear();
    context.terminal.remark(goOn);
    return undefined;
  } finally {
    forget();
    display.clear();
  }
}
