import type { Meaning } from '../click/click-model.js';
import { draw, type Random } from '../random/random.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Intent, SearchTopic } from '../world/topic.js';
import type { Stop, World } from '../world/world.js';
import type { Behaviour } from './behaviour.js';
import type { Exchange, Journey, ShownQuery } from './journey.js';

/** One of several wordings; the k-th most usual with a weight of k^-exponent (Zipf). */
export function drawPhrasing(random: Random, phrasings: readonly string[], exponent: number): string {
  const ranked = phrasings.map((text, at) => ({ text, weight: (at + 1) ** -exponent }));
  return draw(random, ranked, ({ weight }) => weight)?.text ?? '';
}

/** The intent with which a session about a topic begins. */
function drawStart(random: Random, topic: SearchTopic): Stop | undefined {
  const intent = draw(random, topic.intents, ({ share }) => share);
  return intent && { topic, intent };
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
    const start = drawStart(random, topic);
    if (start === undefined) throw new RangeError('no intent of the topic has a share');
    this.at = start;
    this.exchange = this.ask(start, random);
    this.arrive(start, random);
  }

  get current(): Exchange {
    return this.exchange;
  }

  meaningOf(text: string): Meaning {
    const { topic } = this.at;
    const { fits, topical } = this.judge.intents(topic, text);
    const among = (wanted: (intent: Intent) => boolean): number =>
      topic.intents.reduce((best, intent, index) => (wanted(intent) ? Math.max(best, fits[index] ?? 0) : best), 0);
    const need = this.need;
    return {
      need: need === undefined ? 0 : (this.judge.intents(need.topic, text).fits[need.topic.intents.indexOf(need.intent)] ?? 0),
      other: among((intent) => !this.met.has(intent) && intent !== need?.intent),
      met: among((intent) => this.met.has(intent)),
      topical,
      fits,
    };
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
    const { topic, intent } = this.at;
    const open = intent.next.flatMap(({ to, weight }) => {
      const next = topic.intents.find(({ id }) => id === to);
      return next === undefined || this.met.has(next) ? [] : [{ stop: { topic, intent: next }, weight }];
    });
    const leave = { stop: undefined, weight: intent.leave.weight * this.behaviour.sessions.leaveFactor };
    const next = draw(random, [...open, leave], ({ weight }) => weight);
    this.need = next?.stop ?? this.drawOtherTopic(random);
  }

  /** Where the user goes on when done with the topic; usually nowhere. */
  private drawOtherTopic(random: Random): Stop | undefined {
    if (random() >= this.behaviour.sessions.otherTopic) return undefined;
    const topics = this.at.intent.leave.to.map((id) => this.world.topic(id)).filter((topic) => topic?.kind === 'search');
    const topic = topics[Math.floor(random() * topics.length)];
    return topic && drawStart(random, topic);
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
