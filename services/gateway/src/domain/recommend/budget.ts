/** How the time of a request is shared out. */
export interface BudgetSettings {
  /** Most that co-occurrence may take, in milliseconds, as below. */
  readonly cooccurrenceMs: number;
  /** Most that scoring may take. */
  readonly ctrMs: number;
  /** Most that logging may take. */
  readonly logMs: number;
  /** Kept back for the way of the answer to the caller. */
  readonly marginMs: number;
}

/** Largest shares of a caller's time that go to others than the language model, however short that time is. */
const COOCCURRENCE_SHARE = 0.2;
const RESERVE_SHARE = 0.4;
const MARGIN_SHARE = 0.1;

/**
 * Shares out the time until a caller's deadline: generation gets what is left once co-occurrence has answered, minus a reserve in which
 * the list is scored and logged. Under a short deadline everybody gets a share of it, so that the caller still gets an answer.
 */
export class Budget {
  private readonly totalMs: number;
  private readonly answerBy: number;
  private readonly scoringMs: number;
  private readonly loggingMs: number;

  constructor(
    private readonly settings: BudgetSettings,
    deadline: number,
    private readonly now: () => number,
  ) {
    this.totalMs = deadline - now();
    this.answerBy = deadline - Math.min(settings.marginMs, this.totalMs * MARGIN_SHARE);
    const reserve = Math.min(settings.ctrMs + settings.logMs, this.totalMs * RESERVE_SHARE);
    this.scoringMs = (reserve * settings.ctrMs) / (settings.ctrMs + settings.logMs);
    this.loggingMs = reserve - this.scoringMs;
  }

  /** Milliseconds that co-occurrence may take from now on; the same for the others. Never negative. */
  cooccurrence(): number {
    return this.until(this.answerBy, Math.min(this.settings.cooccurrenceMs, this.totalMs * COOCCURRENCE_SHARE));
  }

  generation(): number {
    return this.until(this.answerBy - this.scoringMs - this.loggingMs, Infinity);
  }

  ctr(): number {
    return this.until(this.answerBy - this.loggingMs, this.settings.ctrMs);
  }

  log(): number {
    return this.until(this.answerBy, this.settings.logMs);
  }

  private until(moment: number, atMost: number): number {
    return Math.max(0, Math.min(moment - this.now(), atMost));
  }
}
