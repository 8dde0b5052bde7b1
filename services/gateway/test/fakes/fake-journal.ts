import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Click, Impression, Journal, UserQuery } from '../../src/domain/journal.js';
import { Misbehaviour } from './misbehaviour.js';

export class FakeJournal extends Misbehaviour implements Journal {
  readonly queries: UserQuery[] = [];
  readonly impressions: Impression[] = [];
  readonly clicks: Click[] = [];

  constructor() {
    super('log');
  }

  async recordRecommendation(query: UserQuery, impression: Impression | undefined, limits: CallLimits): Promise<void> {
    await this.act(limits);
    this.queries.push(query);
    if (impression !== undefined) this.impressions.push(impression);
  }

  async recordClicks(clicks: readonly Click[], limits: CallLimits): Promise<void> {
    await this.act(limits);
    this.clicks.push(...clicks);
  }
}
