/** Lets calls through at a steady rate. */
export class Pacer {
  private next = 0;

  /** @param rate calls a second; 0 for no limit */
  constructor(
    private readonly rate: number,
    private readonly now: () => number,
    private readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  ) {}

  /** Resolves when it is this caller's turn; in the order of asking. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.rate === 0) return;
    const at = Math.max(this.now(), this.next);
    this.next = at + 1000 / this.rate;
    const wait = at - this.now();
    if (wait > 0) await this.sleep(wait, signal);
  }
}
