import type { Meaning } from '../click/click-model.js';
import { draw, type Random } from '../random/random.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Intent, SearchTopic } from '../world/topic.js';
import type { Stop, World } from '../world/world.js';
import type { Behaviour } from './behaviour.js';
import type { Exchange, Journey, ShownQuery } from './journey.js';
import { meaningAtStop } from './meanings.js';
import { needsAfter, startsOf } from './needs.js';

/** One of several wordings; the k-th most usual with a weight of k^-exponent (Zipf). */
export function drawPhrasing(random: Random, phrasings: readonly string[], exponent: number): string {
  const ranked = phrasings.map((text, at) => ({ text, weight: (at + 1) ** -exponent }));
  return draw(random, ranked, ({ weight }) => weight)?.text ?? '';
}

/** The way through a topic's intents, and sometimes into another topic. */
export class SearchJourney implements Journey {
  readonly task = 'suggestion';
  readonly takesHints = true;
  private exchange: Exchange;
  private at: Stop;
  private need: Stop | undefined;
  private readonly met = new Set<Intent>();

  constructor(
    private readonly world: World,
    private readonly judge: RelevanceJudge,
    private readonly behaviour: Behaviour,
    topic: SearchTopic,
    random: Random,
  ) {
    const start = draw(random, startsOf(topic), ({ weight }) => weight)?.stop;
    if (start === undefined) throw new RangeError('no intent of the topic has a share');
    this.at = start;
    this.exchange = this.ask(start, random);
    this.arrive(start, random);
  }

  get current(): Exchange {
    return this.exchange;
  }

  meaningOf(text: string): Meaning {
    return meaningAtStop(this.judge, text, { at: this.at, need: this.need, met: this.met });
  }

  follow({ text, query }: ShownQuery, random: Random): void {
    const stop = this.expressed(text);
    this.exchange = { query, response: stop?.intent.answer ?? '' };
    if (stop !== undefined) this.arrive(stop, random);
    else this.drawNeed(random);
  }

  proceed(random: Random): boolean {
    if (this.need === undefined) return false;
    this.exchange = this.ask(this.need, random);
    this.arrive(this.need, random);
    return true;
  }

  private ask({ intent }: Stop, random: Random): Exchange {
    return { query: drawPhrasing(random, intent.phrasings, this.behaviour.sessions.phrasingExponent), response: intent.answer };
  }

  private arrive(stop: Stop, random: Random): void {
    this.at = stop;
    this.met.add(stop.intent);
    this.drawNeed(random);
  }

  private drawNeed(random: Random): void {
    this.need = draw(random, needsAfter(this.world, this.behaviour, this.at, this.met), ({ weight }) => weight)?.need;
  }

  /** The intent that a clicked query expresses: the one needed, else the best of the topic, else whoever uses these very words. */
  private expressed(text: string): Stop | undefined {
    const { recognised } = this.behaviour.clicks;
    const meaning = this.meaningOf(text);
    if (this.need !== undefined && meaning.need >= recognised) return this.need;
    const best = Math.max(...meaning.fits);
    const intent = this.at.topic.intents[meaning.fits.indexOf(best)];
    if (intent !== undefined && best >= recognised) return { topic: this.at.topic, intent };
    return this.world.findPhrasing(text);
  }
}
