import type { ModelVersion } from '../context.js';
import { attempt, type AttemptLimits } from './attempt.js';
import type { NextQuery } from './next-queries.js';
import type { PopularQueries } from './popular-queries.js';
import type { RecommendationList } from './recommendation-list.js';

/** Longest query of other users that is shown. They paste whole paragraphs; nobody reads one on a chip. */
export const MAX_FILL_CHARACTERS = 200;

/** Fills up lists that the language model left short: with co-occurring queries, then with popular ones. */
export class Filling {
  constructor(private readonly popular: PopularQueries) {}

  /**
   * Appends to `list` until it is full or nothing is left. Returns the snapshot of the popular queries that were used, or the reason why
   * there are none.
   */
  async fill(
    list: RecommendationList,
    cooccurring: readonly NextQuery[],
    limits: AttemptLimits,
  ): Promise<{ readonly snapshot?: ModelVersion | undefined; readonly reason?: string | undefined }> {
    for (const { text } of cooccurring) {
      if (text.length <= MAX_FILL_CHARACTERS) list.offer(text, 'cooccurrence');
    }
    if (list.full) return {};
    const { value, reason } = await attempt('cooccurrence', limits, (own) => this.popular.list(own));
    if (value === undefined) return { reason };
    const before = list.queries.length;
    for (const text of value.queries) {
      if (text.length <= MAX_FILL_CHARACTERS) list.offer(text, 'popular');
    }
    return list.queries.length > before ? { snapshot: value.snapshot } : {};
  }
}
