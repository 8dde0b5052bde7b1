import type { CallLimits } from '@gqr/chassis/grpc/call';
import { LastKnown } from '../last-known.js';
import type { FromSnapshot, NextQueries } from './next-queries.js';

/** Popular queries kept. A list has fewer; some of these will repeat what the session has. */
const KEPT = 100;

/** The queries that users ask most: the last known ones while co-occurrence is away. */
export class PopularQueries {
  private readonly known: LastKnown<FromSnapshot<string>>;

  constructor(source: NextQueries, options: { readonly timeoutMs: number }) {
    this.known = new LastKnown((limits) => source.listPopular(KEPT, limits), options);
  }

  /** By descending count. @throws DependencyError if none were ever known and none can be had now, CallEndedError */
  list(limits: CallLimits): Promise<FromSnapshot<string>> {
    return this.known.get(limits);
  }

  /** Learns them anew; keeps those known if that fails. */
  async refresh(): Promise<void> {
    await this.known.refresh();
  }
}
