import { setTimeout as sleep } from 'node:timers/promises';
import { CallEndedError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { type Dependency, DependencyError, type Fault } from '../../src/domain/dependency-error.js';

/** What every fake of a dependency can be told: to take its time, and to fail. */
export class Misbehaviour {
  delayMs = 0;
  private fault: Fault | undefined;

  constructor(private readonly dependency: Dependency) {}

  fail(fault: Fault | undefined): void {
    this.fault = fault;
  }

  /** Takes the time that it was told to take; ends like a real adapter when `limits` end first. */
  async act(limits: CallLimits, delayMs = this.delayMs): Promise<void> {
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: limits.signal }).catch(() => undefined);
    if (limits.signal.aborted) throw this.ended(limits.signal.reason);
    if (this.fault !== undefined) throw new DependencyError(this.dependency, this.fault, 'told to fail');
  }

  private ended(reason: unknown): Error {
    if (reason instanceof CallEndedError && reason.why === 'cancelled') return reason;
    return new DependencyError(this.dependency, 'timeout', 'no answer in time');
  }
}
