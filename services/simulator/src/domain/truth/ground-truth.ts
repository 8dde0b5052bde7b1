import { ClickModel, type Meaning, type View } from '../click/click-model.js';
import type { Behaviour, TaskId } from '../population/behaviour.js';
import type { Exchange } from '../population/journey.js';
import { meaningAtStop, meaningForDraft } from '../population/meanings.js';
import { type Chance, facetsAfter, needsAfter } from '../population/needs.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Facet, Intent, WritingRequest } from '../world/topic.js';
import type { Stop, World } from '../world/world.js';

/** A list under an answer, as it is logged. */
export interface ShownList {
  readonly task: TaskId;
  readonly query: string;
  readonly response: string;
  readonly history: readonly Exchange[];
  readonly texts: readonly string[];
  /** Lists that the users had passed over before. */
  readonly ignored: number;
}

/** What users who come to a moment may have in mind, and what each text means to them then. */
interface Moment {
  readonly chances: readonly { readonly weight: number; readonly meaningOf: (text: string) => Meaning }[];
}

/** Half the range of a normal number, in standard deviations, over which appetite is integrated, and steps (even). */
const RANGE = 6;
const STEPS = 48;

/**
 * The exact expected click rate of any list, without the noise of drawing: over all users (segments, appetites, those who never click)
 * and all that they may have in mind at this moment. Hidden: its answers go into the ground-truth report and nowhere else.
 */
export class GroundTruth {
  private readonly clickModel: ClickModel;
  private readonly byAnswer = new Map<string, Stop>();
  private readonly byDraft = new Map<string, WritingRequest>();
  private readonly appetites: readonly { readonly appetite: number; readonly weight: number }[];

  constructor(
    private readonly world: World,
    private readonly judge: RelevanceJudge,
    private readonly behaviour: Behaviour,
  ) {
    this.clickModel = new ClickModel(behaviour, judge);
    for (const topic of world.searchTopics) for (const intent of topic.intents) this.byAnswer.set(intent.answer, { topic, intent });
    for (const { requests } of world.writingTopics) for (const request of requests) this.byDraft.set(request.draft, request);
    this.byAnswer.delete('');
    this.appetites = appetitesOf(behaviour.population.appetiteSpread);
  }

  /** Probability that at least one query of a list is clicked; undefined for a moment that does not come up in this world. */
  expectedClickRate(list: ShownList): number | undefined {
    return this.overUsers(list, (probabilities) => [1 - probabilities.reduce((none, probability) => none * (1 - probability), 1)])?.[0];
  }

  /** Probability of a click on each query of a list, whatever happens above it; undefined as above. */
  clickProbabilities(list: ShownList): number[] | undefined {
    const { continueAfterClick } = this.behaviour.layouts[list.task];
    return this.overUsers(list, (probabilities) => {
      let reached = 1;
      return probabilities.map((probability) => {
        const clicked = reached * probability;
        reached -= clicked * (1 - continueAfterClick);
        return clicked;
      });
    });
  }

  /** Figures of a list's click probabilities (each given that nothing above was clicked), averaged over all who may see it. */
  private overUsers(list: ShownList, figures: (probabilities: readonly number[]) => number[]): number[] | undefined {
    const moment = list.task === 'clarification' ? this.draftMoment(list) : this.searchMoment(list);
    if (moment === undefined) return undefined;
    const total = moment.chances.reduce((sum, { weight }) => sum + weight, 0);
    const { segments, population } = this.behaviour;
    const everybody = segments.reduce((sum, { share }) => sum + share, 0);
    const sums: number[] = [];
    for (const { weight, meaningOf } of moment.chances) {
      const queries = list.texts.map((text) => ({ text, meaning: meaningOf(text) }));
      for (const segment of segments) {
        const asked = [...list.history.map(({ query }) => query), list.query];
        const view: View = { task: list.task, segment, appetite: 1, asked, answer: list.response, ignored: list.ignored, queries };
        const share = (1 - population.neverClick) * (weight / total) * (segment.share / everybody);
        const probabilities = this.clickModel.byAppetite(view);
        for (const { appetite, weight: ofAppetite } of this.appetites) {
          for (const [at, figure] of figures(probabilities(appetite)).entries()) sums[at] = (sums[at] ?? 0) + share * ofAppetite * figure;
        }
      }
    }
    return sums;
  }

  private searchMoment({ query, response, history }: ShownList): Moment | undefined {
    let at: Stop | undefined;
    const met = new Set<Intent>();
    for (const exchange of [...history, { query, response }]) {
      // A query that was understood has an answer of the world; one that was not leaves the user where they were.
      const stop = this.byAnswer.get(exchange.response) ?? this.world.findPhrasing(exchange.query);
      if (stop !== undefined) met.add(stop.intent);
      at = stop ?? at;
    }
    if (at === undefined) return undefined;
    const place = at;
    const chances: readonly Chance<Stop>[] = needsAfter(this.world, this.behaviour, place, met);
    return {
      chances: chances.map(({ need, weight }) => ({
        weight,
        meaningOf: (text) => meaningAtStop(this.judge, text, { at: place, need, met }),
      })),
    };
  }

  private draftMoment({ query, response, history }: ShownList): Moment | undefined {
    const request = this.byDraft.get(response);
    if (request === undefined) return undefined;
    const met = new Set<Facet>();
    for (const refinement of [...history.slice(1).map((exchange) => exchange.query), ...(history.length > 0 ? [query] : [])]) {
      const { fits } = this.judge.facets(request, refinement);
      const best = Math.max(...fits);
      const named = request.facets.find(({ becomes, phrasings }) => becomes === refinement || phrasings.includes(refinement));
      const facet = named ?? (best >= this.behaviour.clicks.recognised ? request.facets[fits.indexOf(best)] : undefined);
      if (facet !== undefined) met.add(facet);
    }
    const chances = facetsAfter(this.behaviour, request, met);
    return {
      chances: chances.map(({ need, weight }) => ({
        weight,
        meaningOf: (text) => meaningForDraft(this.judge, text, { request, need, met }),
      })),
    };
  }
}

/** Appetites of those who click at all, log-normal with mean 1, with weights that sum to 1 (Simpson's rule). */
function appetitesOf(sigma: number): { appetite: number; weight: number }[] {
  const nodes = Array.from({ length: STEPS + 1 }, (_, step) => {
    const z = -RANGE + (2 * RANGE * step) / STEPS;
    const simpson = step === 0 || step === STEPS ? 1 : step % 2 === 1 ? 4 : 2;
    return { appetite: Math.exp(sigma * z - (sigma * sigma) / 2), weight: simpson * Math.exp((-z * z) / 2) };
  });
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  return nodes.map(({ appetite, weight }) => ({ appetite, weight: weight / total }));
}
