/** When to start a service again that has died. */
export interface RestartPolicyOptions {
  /** Wait before the first restart; doubled at every further one. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A service that stayed ready for this long has earned a quick restart again. */
  readonly stableMs: number;
  /** Deaths in a row from which on it counts as a crash loop. */
  readonly crashLoopAfter: number;
}

export const DEFAULT_RESTARTS: RestartPolicyOptions = { firstDelayMs: 200, longestDelayMs: 30_000, stableMs: 60_000, crashLoopAfter: 4 };

/** Exponential back-off without an end: a service is never given up, because what ails it (a full disk, a broken file) may be mended. */
export class RestartPolicy {
  private deaths = 0;

  constructor(private readonly options: RestartPolicyOptions = DEFAULT_RESTARTS) {}

  /**
   * Notes a death.
   * @param readyMs how long the service had been ready; undefined if it never was
   */
  died(readyMs: number | undefined): { delayMs: number; deathsInARow: number; crashLoop: boolean } {
    const { firstDelayMs, longestDelayMs, stableMs, crashLoopAfter } = this.options;
    if (readyMs !== undefined && readyMs >= stableMs) this.deaths = 0;
    this.deaths += 1;
    return {
      delayMs: Math.min(longestDelayMs, firstDelayMs * 2 ** (this.deaths - 1)),
      deathsInARow: this.deaths,
      crashLoop: this.deaths >= crashLoopAfter,
    };
  }
}
