import { CallEndedError } from '@gqr/chassis/errors';
import { type CallLimits, within } from '@gqr/chassis/grpc/call';
import { type Dependency, DependencyError } from '../dependency-error.js';

/** What came of asking a dependency: its answer, or the reason why there is none. */
export type Attempt<T> = { readonly value: T; readonly reason?: never } | { readonly value?: never; readonly reason: string };

/** Under which limits a dependency is asked. */
export interface AttemptLimits {
  readonly caller: CallLimits;
  /** Most that the dependency gets of the caller's time. */
  readonly timeoutMs: number;
}

/**
 * Asks a dependency. Its faults become reasons.
 * @throws CallEndedError if the caller left or its deadline passed, since then nobody is left to degrade for
 */
export async function attempt<T>(
  dependency: Dependency,
  { caller, timeoutMs }: AttemptLimits,
  work: (limits: CallLimits) => Promise<T>,
): Promise<Attempt<T>> {
  const limits = within(caller, timeoutMs);
  try {
    return { value: await work(limits) };
  } catch (error) {
    caller.signal.throwIfAborted();
    if (error instanceof DependencyError) return { reason: error.reason };
    // The time that ended is the dependency's share, not the caller's.
    if (error instanceof CallEndedError) return { reason: new DependencyError(dependency, 'timeout', error.message).reason };
    throw error;
  } finally {
    limits.release();
  }
}
