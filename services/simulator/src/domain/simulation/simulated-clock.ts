const HOUR_MS = 3_600_000;

/** Relative traffic by hour of the day (UTC): quiet nights, a rise in the morning, a peak in the evening. */
const TRAFFIC_BY_HOUR = [3, 2, 2, 1, 1, 2, 3, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9, 10, 11, 11, 10, 8, 5];

/** Spreads sessions over the days that end at `end`. */
export class SimulatedClock {
  private readonly begin: number;
  /** Traffic up to the end of each hour of the window. */
  private readonly cumulative: readonly number[];

  constructor(
    private readonly end: Date,
    days: number,
  ) {
    this.begin = end.getTime() - days * 24 * HOUR_MS;
    let total = 0;
    this.cumulative = Array.from({ length: days * 24 }, (_, hour) => {
      total += TRAFFIC_BY_HOUR[new Date(this.begin + hour * HOUR_MS).getUTCHours()] ?? 0;
      return total;
    });
  }

  /** Days from the beginning to a moment. */
  dayOf(moment: Date): number {
    return Math.max(0, (moment.getTime() - this.begin) / (24 * HOUR_MS));
  }

  /** The moment up to which `share` of the traffic has come, in [0, 1]; grows with it. */
  at(share: number): Date {
    const total = this.cumulative.at(-1) ?? 0;
    const mark = Math.min(1, Math.max(0, share)) * total;
    const hour = this.cumulative.findIndex((traffic) => traffic >= mark);
    const before = this.cumulative[hour - 1] ?? 0;
    const within = (mark - before) / ((this.cumulative[hour] ?? total) - before || 1);
    return new Date(Math.min(this.end.getTime(), this.begin + (hour + within) * HOUR_MS));
  }
}
