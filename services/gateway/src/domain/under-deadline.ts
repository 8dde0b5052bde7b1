import { type CallLimits, within } from '@gqr/chassis/grpc/call';

/** Does `work` under the caller's deadline, or under `defaultMs` from now if the caller set none. */
export async function underDeadline<T>(caller: CallLimits, defaultMs: number, work: (limits: CallLimits) => Promise<T>): Promise<T> {
  caller.signal.throwIfAborted();
  if (Number.isFinite(caller.deadline)) return work(caller);
  const limits = within(caller, defaultMs);
  try {
    return await work(limits);
  } finally {
    limits.release();
  }
}
