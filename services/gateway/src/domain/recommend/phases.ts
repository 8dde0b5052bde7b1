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
  private readonly measured = new Map<Phase, number>();

  /** @param monotonic a clock in milliseconds that never goes back */
  constructor(private readonly monotonic: () => number = () => performance.now()) {
    this.startedAt = monotonic();
  }

  /** Measures a part of a phase; the parts of one phase add up. */
  async measure<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const from = this.monotonic();
    try {
      return await work();
    } finally {
      this.measured.set(phase, (this.measured.get(phase) ?? 0) + this.monotonic() - from);
    }
  }

  /** The phases in order; together they are the whole time so far. */
  timings(): PhaseTiming[] {
    const measured = Array.from(this.measured, ([phase, durationMs]): PhaseTiming => ({ phase, durationMs }));
    const accounted = measured.reduce((sum, { durationMs }) => sum + durationMs, 0);
    return [...measured, { phase: 'gateway', durationMs: Math.max(0, this.monotonic() - this.startedAt - accounted) }];
  }
}
