import { type ClickReport, CallFailedError, type Gateway, GatewayFullError, type RecommendCall, type RecommendedList } from './gateway.js';

export interface PatienceOptions {
  /** Pause after the first failed call; doubles with every further one in a row. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long all calls may fail before the simulation gives up. */
  readonly giveUpAfterMs: number;
  /** How often a report of clicks is sent before it counts as failed; a lost click would pass for a list without one. */
  readonly reportAttempts: number;
  readonly now: () => number;
  /** Resolves after the time; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onFailedCall: (reason: string) => void;
}

/** No call has succeeded for so long that the gateway counts as gone. */
export class GatewayGoneError extends Error {
  override readonly name = 'GatewayGoneError';
}

/**
 * Calls a gateway the way a patient backend does. All sessions share one pause: after a failed call it doubles from call to call,
 * after "full" it is what the gateway asked for. A full gateway is asked again, a failed recommendation is skipped (undefined), a
 * failed report is repeated. Throws GatewayGoneError when nothing has succeeded for `giveUpAfterMs`.
 */
export class PatientGateway {
  private pauseUntil = 0;
  private failuresInARow = 0;
  private lastSuccess: number;

  constructor(
    private readonly gateway: Gateway,
    private readonly options: PatienceOptions,
  ) {
    this.lastSuccess = options.now();
  }

  recommend(call: RecommendCall, signal: AbortSignal): Promise<RecommendedList | undefined> {
    return this.attempt(() => this.gateway.recommend(call, signal), 1, signal);
  }

  /** False if the clicks could not be reported. */
  async recordClicks(report: ClickReport, signal: AbortSignal): Promise<boolean> {
    const send = async (): Promise<true> => {
      await this.gateway.recordClicks(report, signal);
      return true;
    };
    return (await this.attempt(send, this.options.reportAttempts, signal)) ?? false;
  }

  private async attempt<T>(work: () => Promise<T>, attempts: number, signal: AbortSignal): Promise<T | undefined> {
    for (let left = attempts; ;) {
      await this.pause(signal);
      try {
        const result = await work();
        this.failuresInARow = 0;
        this.lastSuccess = this.options.now();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GatewayFullError || error instanceof CallFailedError)) throw error;
        this.backOff(error);
        if (error instanceof GatewayFullError) continue;
        left--;
        if (left > 0) continue;
        this.options.onFailedCall(error.reason);
        return undefined;
      }
    }
  }

  private backOff(error: GatewayFullError | CallFailedError): void {
    const { now, firstPauseMs, longestPauseMs, giveUpAfterMs } = this.options;
    if (now() - this.lastSuccess > giveUpAfterMs) {
      const remedy = 'see that it runs and is ready at GQR_GATEWAY_ADDRESS, then start the simulation again';
      throw new GatewayGoneError(`no call has succeeded for ${Math.round(giveUpAfterMs / 1000)} s (${error.message}): ${remedy}`);
    }
    const pause =
      error instanceof GatewayFullError ? error.retryAfterMs : Math.min(longestPauseMs, firstPauseMs * 2 ** this.failuresInARow++);
    this.pauseUntil = Math.max(this.pauseUntil, now() + pause);
  }

  private async pause(signal: AbortSignal): Promise<void> {
    for (let left = this.pauseUntil - this.options.now(); left > 0; left = this.pauseUntil - this.options.now()) {
      await this.options.sleep(left, signal);
    }
    signal.throwIfAborted();
  }
}
