import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { FromSnapshot, NextQueries, NextQuery } from '../../src/domain/recommend/next-queries.js';
import { Misbehaviour } from './misbehaviour.js';

const snapshot = { kind: 'cooccurrence', version: 'snapshot-1' };

export class FakeNextQueries extends Misbehaviour implements NextQueries {
  /** Next queries by query: the first followed `followed` times, the next one once less, and so on. */
  next: Record<string, readonly string[]> = {};
  followed = 9;
  /** The query that they followed; empty for the one that is asked for. */
  viaQuery = '';
  popular: readonly string[] = [];
  readonly asked: { query: string; limit: number }[] = [];

  constructor() {
    super('cooccurrence');
  }

  async retrieve(query: string, limit: number, limits: CallLimits): Promise<FromSnapshot<NextQuery>> {
    this.asked.push({ query, limit });
    await this.act(limits);
    const texts = (this.next[query] ?? []).slice(0, limit);
    const queries = texts.map((text, index) => ({ text, count: BigInt(this.followed - index), viaQuery: this.viaQuery, similarity: 1 }));
    return { queries, snapshot };
  }

  async listPopular(limit: number, limits: CallLimits): Promise<FromSnapshot<string>> {
    await this.act(limits);
    return { queries: this.popular.slice(0, limit), snapshot };
  }
}
