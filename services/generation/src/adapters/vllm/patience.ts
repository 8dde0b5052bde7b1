import type { CallLimits } from '@gqr/chassis/grpc/call';

/** Limits of one request that also end when nothing comes for too long: a server that drains may leave a request unanswered for ever. */
export class Patience {
  readonly limits: CallLimits;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(
    outer: CallLimits,
    private readonly ms: number,
  ) {
    this.limits = { signal: AbortSignal.any([outer.signal, this.controller.signal]), deadline: outer.deadline };
    this.timer = this.begin();
  }

  /** Whether nothing came for too long. */
  get ranOut(): boolean {
    return this.controller.signal.aborted;
  }

  /** Something came. */
  renew(): void {
    clearTimeout(this.timer);
    if (!this.ranOut) this.timer = this.begin();
  }

  release(): void {
    clearTimeout(this.timer);
  }

  private begin(): NodeJS.Timeout {
    return setTimeout(() => {
      this.controller.abort(new Error('nothing came for too long'));
    }, this.ms).unref();
  }
}
