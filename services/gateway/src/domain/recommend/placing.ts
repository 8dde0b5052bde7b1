import { attempt, type AttemptLimits } from './attempt.js';
import type { ClickPredictor } from './click-predictor.js';
import { MAX_FILL_CHARACTERS } from './filling.js';
import type { NextQuery } from './next-queries.js';
import type { RecommendationList } from './recommendation-list.js';
import type { RecommendRequest } from './request.js';

export interface PlacingSettings {
  /** One place in so many goes to a query that users really asked next; 0 gives none away. */
  readonly oneIn: number;
  /** How often a query must have followed before it may take a place. */
  readonly minCount: number;
}

/** A list with the queries that users really asked next in it. */
export interface Placed {
  readonly list: RecommendationList;
  /** Why the click model had no say, if it should have had. */
  readonly reason?: string | undefined;
}

/**
 * Sees to it that what users really asked next is in the list where the log is clear about it, whether or not the language model took it
 * up. Such queries get the last places: those before them stay as they were drawn, each with the propensity that it was drawn with. Which
 * of them is placed is up to the click model; without its answer, the ones that followed most often are.
 */
export class Placing {
  constructor(
    private readonly predictor: ClickPredictor,
    private readonly settings: PlacingSettings,
  ) {}

  /** Number of places that may go to queries of `given`, what users asked next and the model was given. */
  places({ task, count }: RecommendRequest, given: readonly NextQuery[]): number {
    if (!task.showsWholeQueries || this.settings.oneIn === 0) return 0;
    return Math.min(Math.floor(count / this.settings.oneIn), this.clear(given).length);
  }

  /** @throws CallEndedError */
  async place(request: RecommendRequest, list: RecommendationList, given: readonly NextQuery[], limits: AttemptLimits): Promise<Placed> {
    const clear = this.clear(given);
    const kept = withRoomFor(this.places(request, given), list, clear);
    const candidates = clear.filter((text) => kept.takes(text));
    const places = Math.min(list.queries.length - kept.queries.length, candidates.length);
    if (places === 0) return { list };
    const { value, reason } = candidates.length === places ? { value: candidates } : await this.rank(request, kept, candidates, limits);
    for (const text of value ?? candidates) kept.offer(text, 'cooccurrence');
    return { list: kept, reason };
  }

  /** Most clicked first. */
  private rank({ task, context }: RecommendRequest, kept: RecommendationList, candidates: readonly string[], limits: AttemptLimits) {
    const chosen = kept.queries.map(({ text }) => text);
    return attempt('ctr', limits, async (own) => {
      const probabilities = await this.predictor.predictNext(task.id, context, { chosen, candidates }, own);
      const rated = candidates.map((text, index) => ({ text, probability: probabilities[index] ?? 0 }));
      return rated.sort((a, b) => b.probability - a.probability).map(({ text }) => text);
    });
  }

  /** The queries of which the log is clear that users ask them next, most often asked first. */
  private clear(given: readonly NextQuery[]): string[] {
    return given
      .filter(({ text, count, viaQuery }) => count >= this.settings.minCount && viaQuery === '' && text.length <= MAX_FILL_CHARACTERS)
      .map(({ text }) => text);
  }
}

/** The list without as few of its last queries as leave room for `wanted` queries of `clear`, those counted that it has already. */
function withRoomFor(wanted: number, list: RecommendationList, clear: readonly string[]): RecommendationList {
  let kept = list;
  for (let room = 0; room < wanted && clear.filter((text) => kept.has(text)).length + room < wanted;) {
    kept = list.first(list.queries.length - ++room);
  }
  return kept;
}
