import { type ClickReport, CallFailedError, type Gateway, GatewayFullError, type RecommendCall, type RecommendedList } from './gateway.js';

export interface PatienceOptions {
  /** Pause after the first failed call; doubles with every further one in a row. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long nothing may be shown, because calls fail or lists are empty, before the simulation gives up. */
  readonly giveUpAfterMs: number;
  /** How often a report of clicks is sent before it counts as failed; a lost click would pass for a list without one. */
  readonly reportAttempts: number;
  readonly now: () => number;
  /** Resolves after the time; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onFailedCall: (reason: string) => void;
}

/** The gateway has shown nothing for so long that it counts as gone. */
export class GatewayGoneError extends Error {
  override readonly name = 'GatewayGoneError';
}

/**
 * The same for lists that the language model did not write. Nobody waits for simulated lists, and a log of makeshift ones teaches
 * nothing, so all sessions pause: a model that is too slow for so many of them gets through its work.
 */
const MAKESHIFT_LISTS_IN_A_ROW = 10;
const MAKESHIFT_PAUSE_MS = 2_000;

/** An empty list now and then is nothing to wait for; more in a row than these are: what makes the lists is away. */
const EMPTY_LISTS_IN_A_ROW = 10;

/**
 * Calls a gateway the way a patient backend does. All sessions share one pause: after a failed call it doubles from call to call,
 * after "full" it is what the gateway asked for. A full gateway is asked again, a failed recommendation is skipped (undefined), a
 * failed report is repeated. Empty lists in a row count as failures do; makeshift lists in a row slow it down. Throws GatewayGoneError when nothing has been shown for
 * `giveUpAfterMs`.
 */
export class PatientGateway {
  private pauseUntil = 0;
  private failuresInARow = 0;
  private emptyInARow = 0;
  private makeshiftInARow = 0;
  private lastSuccess: number;

  constructor(
    private readonly gateway: Gateway,
    private readonly options: PatienceOptions,
  ) {
    this.lastSuccess = options.now();
  }

  /** Undefined if the call failed or the list is empty. */
  async recommend(call: RecommendCall, signal: AbortSignal): Promise<RecommendedList | undefined> {
    const list = await this.attempt(() => this.gateway.recommend(call, signal), 1, signal);
    if (list === undefined) return undefined;
    if (list.queries.length > 0) {
      this.succeeded();
      this.makeshiftInARow = list.makeshift ? this.makeshiftInARow + 1 : 0;
      if (this.makeshiftInARow > MAKESHIFT_LISTS_IN_A_ROW) this.pauseFor(MAKESHIFT_PAUSE_MS);
      return list;
    }
    this.emptyInARow++;
    if (this.emptyInARow > EMPTY_LISTS_IN_A_ROW) this.backOff('an empty list', this.nextPause());
    return undefined;
  }

  /** False if the clicks could not be reported. */
  async recordClicks(report: ClickReport, signal: AbortSignal): Promise<boolean> {
    const send = async (): Promise<true> => {
      await this.gateway.recordClicks(report, signal);
      this.succeeded();
      return true;
    };
    return (await this.attempt(send, this.options.reportAttempts, signal)) ?? false;
  }

  private async attempt<T>(work: () => Promise<T>, attempts: number, signal: AbortSignal): Promise<T | undefined> {
    for (let left = attempts; ;) {
      await this.pause(signal);
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GatewayFullError || error instanceof CallFailedError)) throw error;
        if (error instanceof GatewayFullError) {
          this.backOff('full', error.retryAfterMs);
          continue;
        }
        this.backOff(error.reason, this.nextPause());
        left--;
        if (left > 0) continue;
        this.options.onFailedCall(error.reason);
        return undefined;
      }
    }
  }

  private succeeded(): void {
    this.failuresInARow = 0;
    this.emptyInARow = 0;
    this.lastSuccess = this.options.now();
  }

  private nextPause(): number {
    return Math.min(this.options.longestPauseMs, this.options.firstPauseMs * 2 ** this.failuresInARow++);
  }

  private backOff(answer: string, pauseMs: number): void {
    const { now, giveUpAfterMs } = this.options;
    this.pauseFor(pauseMs);
    if (now() - this.lastSuccess <= giveUpAfterMs) return;
    const seconds = Math.round(giveUpAfterMs / 1000);
    const remedy = 'see that it is ready at GQR_GATEWAY_ADDRESS and why its answers are degraded, then start the simulation again';
    throw new GatewayGoneError(`the gateway has shown nothing for ${seconds} s (its last answer: ${answer}); ${remedy}`);
  }

  private pauseFor(ms: number): void {
    this.pauseUntil = Math.max(this.pauseUntil, this.options.now() + ms);
  }

  private async pause(signal: AbortSignal): Promise<void> {
    for (let left = this.pauseUntil - this.options.now(); left > 0; left = this.pauseUntil - this.options.now()) {
      await this.options.sleep(left, signal);
    }
    signal.throwIfAborted();
  }
}
