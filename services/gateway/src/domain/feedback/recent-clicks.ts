/**
 * Which clicks were recorded lately, so that repeated ones can be counted as such. It only counts: a click that it has forgotten is
 * recorded again under the same event id, and whoever reads the log takes it once.
 */
export class RecentClicks {
  private readonly recorded = new Set<string>();
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(private readonly capacity: number) {}

  /**
   * Has `write` record those of `eventIds` that are not recorded yet. Resolves once every one of them is durable, those included that
   * another call is recording just now: a click counts as recorded only when it is.
   */
  async recordOnce(
    eventIds: readonly string[],
    write: (fresh: ReadonlySet<string>) => Promise<void>,
  ): Promise<{ recorded: number; duplicates: number }> {
    const fresh = new Set(eventIds.filter((id) => !this.recorded.has(id) && !this.underWay.has(id)));
    const others = eventIds.map((id) => this.underWay.get(id)).filter((promise) => promise !== undefined);
    await Promise.all([this.write(fresh, write), ...others]);
    eventIds.forEach((id) => {
      this.remember(id);
    });
    return { recorded: fresh.size, duplicates: eventIds.length - fresh.size };
  }

  private async write(fresh: ReadonlySet<string>, write: (fresh: ReadonlySet<string>) => Promise<void>): Promise<void> {
    if (fresh.size === 0) return;
    const writing = write(fresh);
    fresh.forEach((id) => this.underWay.set(id, writing));
    try {
      await writing;
    } finally {
      fresh.forEach((id) => this.underWay.delete(id));
    }
  }

  private remember(id: string): void {
    this.recorded.delete(id);
    this.recorded.add(id);
    if (this.recorded.size <= this.capacity) return;
    const [oldest] = this.recorded;
    if (oldest !== undefined) this.recorded.delete(oldest);
  }
}
