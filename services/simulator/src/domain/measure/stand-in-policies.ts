import type { TaskId } from '../population/behaviour.js';
import type { ShownQuery } from '../population/journey.js';
import type { Turn } from '../population/session.js';
import { drawPhrasing } from '../population/search-journey.js';
import { draw, type Random } from '../random/random.js';
import type { SearchTopic, WritingRequest } from '../world/topic.js';
import type { Stop, World } from '../world/world.js';

/** Lists that stand in for a gateway's. They cheat: they are made with the world at hand, so only measurements and tests use them. */
export type StandInPolicy = (turn: Turn, task: TaskId, random: Random) => readonly ShownQuery[];

const COUNTS: Readonly<Record<TaskId, number>> = { suggestion: 3, clarification: 8, hint: 1 };
const asShown = (texts: readonly string[]): ShownQuery[] => texts.map((text) => ({ text, query: text }));
const pick = <T>(random: Random, items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];

/** Draws texts until there are `count` different ones, or none come any more. */
function distinct(count: number, next: () => string): string[] {
  const texts = new Set<string>();
  for (let tries = 0; texts.size < count && tries < 20 * count; tries++) {
    const text = next();
    if (text !== '') texts.add(text);
  }
  return [...texts];
}

/** Where a turn stands in the world. */
class Whereabouts {
  private readonly requests = new Map<string, WritingRequest>();

  constructor(private readonly world: World) {
    for (const { requests } of world.writingTopics) {
      for (const request of requests) for (const phrasing of request.phrasings) this.requests.set(phrasing, request);
    }
  }

  stop(turn: Turn): Stop | undefined {
    return this.world.findPhrasing(turn.query) ?? this.world.findPhrasing(turn.history.at(-1)?.query ?? '');
  }

  request(turn: Turn): WritingRequest | undefined {
    return this.requests.get((turn.history[0] ?? turn).query);
  }

  /** A typed query of any topic. */
  anyQuery(random: Random): string {
    const topic = pick(random, this.world.searchTopics);
    return pick(random, pick(random, topic?.intents ?? [])?.phrasings ?? []) ?? '';
  }

  anySnippet(random: Random): string {
    const request = pick(random, pick(random, this.world.writingTopics)?.requests ?? []);
    return pick(random, pick(random, request?.facets ?? [])?.phrasings ?? []) ?? '';
  }
}

function nextPhrasing({ topic, intent }: Stop, random: Random): string {
  const to = draw(random, intent.next, ({ weight }) => weight)?.to;
  return drawPhrasing(random, topic.intents.find(({ id }) => id === to)?.phrasings ?? [], 1);
}

function topicPhrasing(topic: SearchTopic, random: Random): string {
  return drawPhrasing(random, pick(random, topic.intents)?.phrasings ?? [], 1);
}

/** How often a policy takes each kind of text. */
interface Mix {
  /** What people need next here, as often as they need it. */
  readonly next: number;
  /** Anything of the topic; for writing, any facet of this piece, however rare. */
  readonly topic: number;
  /** Anything at all. */
  readonly anything: number;
}

function mixed(world: World, mix: Mix): StandInPolicy {
  const where = new Whereabouts(world);
  return (turn, task, random) => {
    const kind = (): keyof Mix => draw(random, ['next', 'topic', 'anything'] as const, (each) => mix[each]) ?? 'anything';
    if (task === 'clarification') {
      const facets = where.request(turn)?.facets ?? [];
      const snippet = (): string => {
        const from = kind();
        if (from === 'anything') return where.anySnippet(random);
        const facet = from === 'next' ? draw(random, facets, ({ weight }) => weight) : pick(random, facets);
        return pick(random, facet?.phrasings ?? []) ?? '';
      };
      return asShown(distinct(COUNTS[task], snippet));
    }
    const stop = where.stop(turn);
    const query = (): string => {
      const from = kind();
      if (stop === undefined || from === 'anything') return where.anyQuery(random);
      return from === 'next' ? nextPhrasing(stop, random) : topicPhrasing(stop.topic, random);
    };
    return asShown(distinct(COUNTS[task], query));
  };
}

/** Lists made from those of another policy by a trick that a click model must not fall for. */
function tricked(base: StandInPolicy, trick: (texts: readonly string[], turn: Turn) => readonly string[]): StandInPolicy {
  return (turn, task, random) => {
    const texts = base(turn, task, random).map(({ text }) => text);
    return asShown(trick(texts, turn));
  };
}

/** What an answer says, in pieces of the length of a query. */
const piecesOf = (answer: string): string[] => answer.split(/[.,:;!?]+\s+/).map((piece) => piece.split(/\s+/).slice(0, 6).join(' '));

/** Policies of known order: good ones first, then tricks. */
export function standInPolicies(world: World): Readonly<Record<string, StandInPolicy>> {
  const good = mixed(world, { next: 0.9, topic: 0.1, anything: 0 });
  return {
    good,
    ordinary: mixed(world, { next: 0.4, topic: 0.35, anything: 0.25 }),
    poor: mixed(world, { next: 0.1, topic: 0.3, anything: 0.6 }),
    unrelated: mixed(world, { next: 0, topic: 0, anything: 1 }),
    copies: tricked(good, (texts, turn) => texts.map((_, at) => turn.query + '?'.repeat(at))),
    repetitive: tricked(good, (texts) => texts.map((_, at) => `${texts[0] ?? ''}${' please'.repeat(at)}`)),
    stuffed: tricked(good, (texts) => texts.map((text, at) => [...texts.slice(at), ...texts.slice(0, at)].join(' ') + ` ${text}`)),
    longWinded: tricked(good, (texts) =>
      texts.map((text) => `i was wondering whether you could please tell me in detail everything that there is to know about ${text}`),
    ),
    echoes: tricked(good, (texts, turn) => texts.map((text, at) => piecesOf(turn.response)[at] ?? text)),
    assistantVoice: tricked(good, (texts) => texts.map((text) => `would you like to know ${text}`)),
  };
}
