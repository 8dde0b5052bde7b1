import { setTimeout as sleep } from 'node:timers/promises';
import { RpcError } from '@gqr/chassis/grpc/client';
import { status } from '@grpc/grpc-js';
import type { Context } from '../context.js';

/** Something that goes on in a service and can be watched. */
export interface Followed<T> {
  /** What it is called on the screen, for example "run 17". */
  readonly name: string;
  /** Messages as it is now and then whenever it changes, until it is over. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<T>;
  readonly isOver: (message: T) => boolean;
  readonly show: (message: T) => void;
  /** Takes what is shown off the screen. */
  readonly clear: () => void;
  readonly cancel: () => Promise<unknown>;
  /** Command that watches it again. */
  readonly again: string;
}

/** A service that restarts goes on with its work; it gets this long. */
const GONE_FOR_MS = 60_000;
const RETRY_MS = 1_000;

/** Watches until it is over. Undefined when the user leaves it to itself. Ctrl-C asks whether to cancel it, and where nobody can be asked cancels it. */
export async function follow<T>(context: Context, followed: Followed<T>): Promise<T | undefined> {
  const left = new AbortController();
  let asking = false;
  const forget = context.onInterrupt(() => {
    if (asking) return;
    asking = true;
    followed.clear();
    void endOrLeave(context, followed, left).finally(() => {
      asking = false;
    });
  });
  try {
    return await watchThroughRestarts(context, followed, left.signal, () => !asking);
  } finally {
    forget();
    followed.clear();
  }
}

async function endOrLeave<T>(context: Context, followed: Followed<T>, left: AbortController): Promise<void> {
  const { terminal, ask } = context;
  if (ask !== undefined && !(await ask(`Cancel ${followed.name}? `))) {
    terminal.remark(`It goes on. Watch it again: ${followed.again}`);
    left.abort();
    return;
  }
  terminal.remark(`Cancelling ${followed.name} ...`);
  try {
    await followed.cancel();
  } catch (error) {
    terminal.remark(error instanceof Error ? error.message : String(error));
  }
}

async function watchThroughRestarts<T>(
  { terminal }: Context,
  followed: Followed<T>,
  left: AbortSignal,
  mayDraw: () => boolean,
): Promise<T | undefined> {
  let goneSince: number | undefined;
  let last: T | undefined;
  const hasLeft = (): boolean => left.aborted;
  while (!hasLeft()) {
    try {
      for await (const message of followed.watch(left)) {
        goneSince = undefined;
        last = message;
        if (mayDraw()) followed.show(message);
        if (followed.isOver(message)) return message;
      }
    } catch (error) {
      if (hasLeft()) return undefined;
      const isGone = error instanceof RpcError && error.code === status.UNAVAILABLE;
      // Gone from the beginning is no restart.
      if (!isGone || last === undefined) throw error;
      if (goneSince === undefined) terminal.remark('The service is gone; waiting for it to come back ...');
      goneSince ??= Date.now();
      if (Date.now() - goneSince > GONE_FOR_MS) throw error;
    }
    if (!hasLeft()) await sleep(RETRY_MS);
  }
  return undefined;
}
