import type { Meaning } from '../click/click-model.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Facet, Intent, WritingRequest } from '../world/topic.js';
import type { Stop } from '../world/world.js';

function bestFit<T>(items: readonly T[], fits: readonly number[], wanted: (item: T) => boolean): number {
  let best = 0;
  for (const [at, item] of items.entries()) if (wanted(item)) best = Math.max(best, fits[at] ?? 0);
  return best;
}

/** What a query means to a user who is at an intent, needs another, and has met some. */
export function meaningAtStop(
  judge: RelevanceJudge,
  text: string,
  { at, need, met }: { readonly at: Stop; readonly need: Stop | undefined; readonly met: ReadonlySet<Intent> },
): Meaning {
  const { intents } = at.topic;
  const { fits, topical } = judge.intents(at.topic, text);
  return {
    need: need === undefined ? 0 : (judge.intents(need.topic, text).fits[need.topic.intents.indexOf(need.intent)] ?? 0),
    other: bestFit(intents, fits, (intent) => !met.has(intent) && intent !== need?.intent),
    met: bestFit(intents, fits, (intent) => met.has(intent)),
    topical,
    fits,
  };
}

/** What a snippet means to a user who has a draft, wants it refined by a facet, and has had it refined by some. */
export function meaningForDraft(
  judge: RelevanceJudge,
  text: string,
  { request, need, met }: { readonly request: WritingRequest; readonly need: Facet | undefined; readonly met: ReadonlySet<Facet> },
): Meaning {
  const { facets } = request;
  const { fits, topical } = judge.facets(request, text);
  return {
    need: bestFit(facets, fits, (facet) => facet === need),
    other: bestFit(facets, fits, (facet) => facet !== need && !met.has(facet)),
    met: bestFit(facets, fits, (facet) => met.has(facet)),
    topical,
    fits,
  };
}
