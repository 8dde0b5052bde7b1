/** Counts impressions towards a goal that several sessions work at, so that it is hit exactly although some calls fail. */
export class ImpressionBudget {
  private underWay = 0;
  private waiting: (() => void)[] = [];

  /** @param made impressions that were made before */
  constructor(
    readonly goal: number,
    private made = 0,
  ) {}

  /** Share of the goal that is made or under way, in [0, 1]. */
  get share(): number {
    return (this.made + this.underWay) / this.goal;
  }

  get reached(): boolean {
    return this.made >= this.goal;
  }

  /** Asks for leave to make one more; false when the goal is reached. While enough are under way, it waits for what becomes of them. */
  async take(): Promise<boolean> {
    while (!this.reached && this.made + this.underWay >= this.goal) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.reached) return false;
    this.underWay++;
    return true;
  }

  /** Says what became of one that was taken. */
  settle(made: boolean): void {
    this.underWay--;
    if (made) this.made++;
    const { waiting } = this;
    this.waiting = [];
    for (const resume of waiting) resume();
  }
}
