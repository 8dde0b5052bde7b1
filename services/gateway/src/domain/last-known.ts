import { type CallLimits, unlimited, within } from '@gqr/chassis/grpc/call';
import { abandonable } from './abandonable.js';

/** A value that is fetched from time to time, and kept when its source is away. Callers who fetch at the same time share one fetch. */
export class LastKnown<T> {
  private known: T | undefined;
  private fetching: Promise<T> | undefined;

  constructor(
    private readonly fetch: (limits: CallLimits) => Promise<T>,
    private readonly options: { readonly timeoutMs: number },
  ) {}

  /** What was fetched last; undefined if nothing ever was. */
  get value(): T | undefined {
    return this.known;
  }

  /** What was fetched last, or, failing that, what is fetched now. @throws whatever the fetch throws, CallEndedError */
  async get(limits: CallLimits): Promise<T> {
    return this.known ?? (await abandonable(this.refresh(), limits.signal));
  }

  /** Fetches anew. A failure leaves the known value as it is. */
  refresh(): Promise<T> {
    this.fetching ??= this.fetchOnce().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async fetchOnce(): Promise<T> {
    const limits = within(unlimited, this.options.timeoutMs);
    try {
      this.known = await this.fetch(limits);
      return this.known;
    } finally {
      limits.release();
    }
  }
}
