import { cancelOn, type CallLimits } from '@gqr/chassis/grpc/call';

/** Limits of one request that also end when nothing comes for too long: a server that drains may leave a request unanswered for ever. */
export class Patience {
  readonly limits: CallLimits;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly leaveOuter: () => void;
  private spent = false;
  private released = false;

  constructor(outer: CallLimits, ms: number) {
    this.limits = { signal: this.controller.signal, deadline: outer.deadline };
    // Not AbortSignal.any, which costs more than all else here.
    this.leaveOuter = cancelOn(outer.signal, {
      cancel: () => {
        this.controller.abort(outer.signal.reason);
      },
    });
    this.timer = setTimeout(() => {
      this.spent = true;
      this.controller.abort(new Error('nothing came for too long'));
    }, ms).unref();
  }

  /** Whether nothing came for too long. */
  get ranOut(): boolean {
    return this.spent;
  }

  /** Something came. */
  renew(): void {
    if (!this.spent && !this.released) this.timer.refresh();
  }

  release(): void {
    this.released = true;
    clearTimeout(this.timer);
    this.leaveOuter();
  }
}
