import { normalise } from '@gqr/chassis/text/normalise';
import { type Attempt, attempt, type AttemptLimits } from './attempt.js';
import { MAX_FILL_CHARACTERS } from './filling.js';
import type { ListScores } from './list-scores.js';
import type { NextQuery } from './next-queries.js';
import type { ListedQuery, RecommendationList } from './recommendation-list.js';
import type { RecommendRequest } from './request.js';

export interface PlacingSettings {
  /** One place in so many goes to a query that users really asked next; in a shorter list, one may. 0 gives none away. */
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
 *
 * In a list that is too short to give a place away, the query that the language model wrote for the last place stands for it too. What
 * keeps its place was drawn as likely as before, so its propensity still holds. Without the click model's answer it stays.
 */
export class Placing {
  constructor(private readonly settings: PlacingSettings) {}

  /** Number of places that may go to queries of `given`, what users asked next and the model was given. */
  places({ task, count }: RecommendRequest, given: readonly NextQuery[]): number {
    if (!task.showsWholeQueries || this.settings.oneIn === 0) return 0;
    return Math.min(Math.max(1, Math.floor(count / this.settings.oneIn)), this.clear(given).length);
  }

  /** Queries of `given` that may get a place behind `settled` queries, the last that are sure to keep theirs. */
  contenders(request: RecommendRequest, given: readonly NextQuery[], settled: readonly string[]): readonly string[] {
    const places = this.places(request, given);
    if (places === 0 || settled.length !== request.count - places) return [];
    const said = new Set(settled.map(normalise));
    return this.clear(given).filter((text) => !said.has(normalise(text)));
  }

  /** @throws CallEndedError */
  async place(
    request: RecommendRequest,
    scores: ListScores,
    list: RecommendationList,
    given: readonly NextQuery[],
    limits: AttemptLimits,
  ): Promise<Placed> {
    const clear = this.clear(given);
    const kept = withRoomFor(this.places(request, given), list, clear);
    const real = clear
      .filter((text) => kept.takes(text))
      .map((text): ListedQuery => ({ text, source: 'cooccurrence', logPropensity: undefined }));
    const places = Math.min(list.queries.length - kept.queries.length, real.length);
    if (places === 0) return { list };
    const contested = request.count < this.settings.oneIn;
    const candidates = contested ? [...list.queries.slice(-places), ...real] : real;
    const { value, reason } = candidates.length === places ? {} : await rate(scores, kept, candidates, limits);
    for (const { text, source, logPropensity } of value ?? candidates) kept.offer(text, source, logPropensity);
    return { list: kept, reason };
  }

  /** The queries of which the log is clear that users ask them next, most often asked first. */
  private clear(given: readonly NextQuery[]): string[] {
    return given
      .filter(({ text, count, viaQuery }) => count >= this.settings.minCount && viaQuery === '' && text.length <= MAX_FILL_CHARACTERS)
      .map(({ text }) => text);
  }
}

/** The candidates for the place behind a list, most clicked first. @throws CallEndedError */
function rate(
  scores: ListScores,
  { queries }: RecommendationList,
  candidates: readonly ListedQuery[],
  limits: AttemptLimits,
): Promise<Attempt<readonly ListedQuery[]>> {
  const place = { chosen: queries.map(({ text }) => text), candidates: candidates.map(({ text }) => text) };
  return attempt('ctr', limits, async (own) => {
    const probabilities = await scores.candidates(place, own);
    const rated = candidates.map((query, index) => ({ query, probability: probabilities[index] ?? 0 }));
    return rated.sort((a, b) => b.probability - a.probability).map(({ query }) => query);
  });
}

/** The list without as few of its last queries as leave room for `wanted` queries of `clear`, those counted that it has already. */
function withRoomFor(wanted: number, list: RecommendationList, clear: readonly string[]): RecommendationList {
  let kept = list;
  for (let room = 0; room < wanted && clear.filter((text) => kept.has(text)).length + room < wanted;) {
    kept = list.first(list.queries.length - ++room);
  }
  return kept;
}
