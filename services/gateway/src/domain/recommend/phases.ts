/** Time that one phase took, in milliseconds. */
export interface PhaseTiming {
  readonly phase: Phase;
  readonly durationMs: number;
}

/** "gateway" is what no other phase accounts for: the gateway's own computing and waiting. */
export type Phase = 'cooccurrence' | 'generation' | 'popular' | 'ctr' | 'log' | 'gateway';

/** Stopwatch of one recommendation. */
export class Phases {
  private readonly startedAt: number;
  private readonly measured: PhaseTiming[] = [];

  /** @param monotonic a clock in milliseconds that never goes back */
  constructor(private readonly monotonic: () => number = () => performance.now()) {
    this.startedAt = monotonic();
  }

  async measure<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const from = this.monotonic();
    try {
      return await work();
    } finally {
      this.measured.push({ phase, durationMs: this.monotonic() - from });
    }
  }

  /** The phases in order; together they are the whole time so far. */
  timings(): PhaseTiming[] {
    const accounted = this.measured.reduce((sum, { durationMs }) => sum + durationMs, 0);
    return [...this.measured, { phase: 'gateway', durationMs: Math.max(0, this.monotonic() - this.startedAt - accounted) }];
  }
}
