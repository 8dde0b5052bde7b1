import { CallEndedError } from '../errors.js';
import { withoutStackTrace } from '../without-stack-trace.js';

/** Limits under which a piece of work runs; travels down every hop. */
export interface CallLimits {
  /** Aborted when the caller leaves or the deadline passes; its reason is a CallEndedError. */
  readonly signal: AbortSignal;
  /** Moment by which the caller wants the answer, in milliseconds since the epoch; Infinity if it set none. */
  readonly deadline: number;
}

/** What is needed of a grpc-js server call, of whatever kind. */
export interface ServerCall {
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** The limits of a call as its caller set them. */
export function limitsOf(call: ServerCall): CallLimits {
  const raw = call.getDeadline();
  const deadline = typeof raw === 'number' ? raw : raw.getTime();
  const controller = new AbortController();
  const end = (): void => {
    // grpc-js says so of every call, answered or not.
    controller.abort(withoutStackTrace(() => new CallEndedError(Date.now() >= deadline ? 'deadline' : 'cancelled')));
  };
  if (call.cancelled) end();
  else call.once('cancelled', end);
  return { signal: controller.signal, deadline };
}

/** Narrower limits: those given, and a time limit of their own. `release` must be called when the work is done. */
export function within(limits: CallLimits, timeoutMs: number): CallLimits & { release: () => void } {
  const deadline = Math.min(limits.deadline, Date.now() + timeoutMs);
  const controller = new AbortController();
  // Not AbortSignal.any, which costs more than all else here.
  const leaveOuter = cancelOn(limits.signal, {
    cancel: () => {
      controller.abort(limits.signal.reason);
    },
  });
  const timer = setTimeout(
    () => {
      controller.abort(new CallEndedError('deadline'));
    },
    Math.max(0, Math.min(deadline - Date.now(), 2 ** 31 - 1)),
  );
  timer.unref();
  return {
    signal: controller.signal,
    deadline,
    release: () => {
      clearTimeout(timer);
      leaveOuter();
    },
  };
}

/** Cancels `call` when `signal` aborts; returns what undoes it. */
export function cancelOn(signal: AbortSignal | undefined, call: { cancel(): void }): () => void {
  if (signal === undefined) return () => undefined;
  const cancel = (): void => {
    call.cancel();
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  return () => {
    signal.removeEventListener('abort', cancel);
  };
}

/** No limits; for work that no caller waits for. */
export const unlimited: CallLimits = { signal: new AbortController().signal, deadline: Infinity };
