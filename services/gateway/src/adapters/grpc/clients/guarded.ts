import type { Circuit } from '@gqr/chassis/concurrency/circuit';
import { CallEndedError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { RpcError } from '@gqr/chassis/grpc/client';
import { status } from '@grpc/grpc-js';
import { type Dependency, DependencyError, type Fault } from '../../../domain/dependency-error.js';

const FAULTS = new Map<status, Fault>([
  [status.DEADLINE_EXCEEDED, 'timeout'],
  [status.UNAVAILABLE, 'unavailable'],
  [status.RESOURCE_EXHAUSTED, 'overloaded'],
  [status.INVALID_ARGUMENT, 'refused'],
  [status.NOT_FOUND, 'refused'],
  [status.FAILED_PRECONDITION, 'refused'],
  [status.OUT_OF_RANGE, 'refused'],
  [status.UNAUTHENTICATED, 'refused'],
  [status.PERMISSION_DENIED, 'refused'],
]);

/** Faults that say that a dependency is down. One that is full or refuses a request is alive. */
const DOWN = new Set<Fault>(['unavailable', 'invalid', 'failed']);

/** Stands around the calls of one dependency: translates its errors, and keeps calls away from it while it is down. */
export class Guard {
  /** @param patienceMs least time after which no answer means that the dependency hangs, and not that the caller was in a hurry */
  constructor(
    private readonly dependency: Dependency,
    private readonly circuit: Circuit,
    private readonly patienceMs: number,
  ) {}

  /** @throws DependencyError; CallEndedError if the caller left */
  async call<T>(limits: CallLimits, work: () => Promise<T>): Promise<T> {
    const passage = this.circuit.enter();
    if (passage === undefined) throw new DependencyError(this.dependency, 'unavailable', 'it was down a moment ago');
    const grantedMs = limits.deadline - Date.now();
    try {
      const answer = await work();
      passage.succeeded();
      return answer;
    } catch (error) {
      const translated = this.translate(error, limits);
      if (!(translated instanceof DependencyError)) passage.abandoned();
      else if (DOWN.has(translated.fault)) passage.failed();
      else if (translated.fault !== 'timeout') passage.succeeded();
      else if (grantedMs >= this.patienceMs) passage.failed();
      else passage.abandoned();
      throw translated;
    }
  }

  /** An answer that makes no sense. */
  invalid(detail: string): DependencyError {
    return new DependencyError(this.dependency, 'invalid', detail);
  }

  private translate(error: unknown, { signal }: CallLimits): unknown {
    if (signal.aborted) {
      const { reason } = signal as { reason: unknown };
      const late = reason instanceof CallEndedError && reason.why === 'deadline';
      return late ? new DependencyError(this.dependency, 'timeout', reason.message) : reason;
    }
    if (!(error instanceof RpcError)) return error;
    return new DependencyError(this.dependency, FAULTS.get(error.code) ?? 'failed', `${error.method}: ${error.message}`);
  }
}
