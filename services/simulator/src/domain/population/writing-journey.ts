import type { Meaning } from '../click/click-model.js';
import { draw, type Random } from '../random/random.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Facet, WritingRequest, WritingTopic } from '../world/topic.js';
import type { Behaviour } from './behaviour.js';
import type { Exchange, Journey, ShownQuery } from './journey.js';
import { meaningForDraft } from './meanings.js';
import { facetsAfter } from './needs.js';
import { drawPhrasing } from './search-journey.js';

/** A request for a piece of writing, and its refinements one after the other. */
export class WritingJourney implements Journey {
  readonly task = 'clarification';
  readonly takesHints = false;
  private readonly request: WritingRequest;
  private exchange: Exchange;
  private need: Facet | undefined;
  private readonly met = new Set<Facet>();

  constructor(
    private readonly judge: RelevanceJudge,
    private readonly behaviour: Behaviour,
    topic: WritingTopic,
    random: Random,
  ) {
    const request = draw(random, topic.requests, ({ share }) => share);
    if (request === undefined) throw new RangeError('no request of the topic has a share');
    this.request = request;
    this.exchange = {
      query: drawPhrasing(random, request.phrasings, behaviour.sessions.phrasingExponent),
      response: request.draft,
    };
    this.drawNeed(random);
  }

  get current(): Exchange {
    return this.exchange;
  }

  meaningOf(text: string): Meaning {
    return meaningForDraft(this.judge, text, { request: this.request, need: this.need, met: this.met });
  }

  follow({ text, query }: ShownQuery, random: Random): void {
    const { fits } = this.judge.facets(this.request, text);
    const best = Math.max(...fits);
    const facet = this.request.facets[fits.indexOf(best)];
    if (facet !== undefined && best >= this.behaviour.clicks.recognised) this.met.add(facet);
    this.refine(query, random);
  }

  proceed(random: Random): boolean {
    const facet = this.need;
    if (facet === undefined) return false;
    const { typesSnippet, phrasingExponent } = this.behaviour.sessions;
    this.met.add(facet);
    this.refine(random() < typesSnippet ? drawPhrasing(random, facet.phrasings, phrasingExponent) : facet.becomes, random);
    return true;
  }

  /** The world has one draft a request: it stands for the refined ones too. */
  private refine(query: string, random: Random): void {
    this.exchange = { query, response: this.request.draft };
    this.drawNeed(random);
  }

  private drawNeed(random: Random): void {
    this.need = draw(random, facetsAfter(this.behaviour, this.request, this.met), ({ weight }) => weight)?.need;
  }
}
