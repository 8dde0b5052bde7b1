import type { Facet, Intent, SearchTopic, WritingRequest } from '../world/topic.js';
import type { Stop, World } from '../world/world.js';
import type { Behaviour } from './behaviour.js';

/** Something that a user may need next, or nothing, with its relative frequency. */
export interface Chance<T> {
  readonly need: T | undefined;
  readonly weight: number;
}

/** Starts of sessions about a topic, as often as they are. */
export function startsOf(topic: SearchTopic): { stop: Stop; weight: number }[] {
  return topic.intents.map((intent) => ({ stop: { topic, intent }, weight: intent.share }));
}

/** What a user needs next who has come to an intent: an open one of the topic, the start of another topic, or nothing. */
export function needsAfter(world: World, { sessions }: Behaviour, { topic, intent }: Stop, met: ReadonlySet<Intent>): Chance<Stop>[] {
  const chances: Chance<Stop>[] = [];
  for (const { to, weight } of intent.next) {
    const next = topic.intents.find(({ id }) => id === to);
    if (next !== undefined && !met.has(next)) chances.push({ need: { topic, intent: next }, weight });
  }
  const leave = intent.leave.weight * sessions.leaveFactor;
  const others = intent.leave.to.map((id) => world.topic(id)).filter((other) => other?.kind === 'search');
  const goOn = others.length === 0 ? 0 : sessions.otherTopic;
  chances.push({ need: undefined, weight: leave * (1 - goOn) });
  for (const other of others) {
    const starts = startsOf(other);
    const total = starts.reduce((sum, { weight }) => sum + weight, 0);
    for (const { stop, weight } of starts) chances.push({ need: stop, weight: (leave * goOn * weight) / (total * others.length) });
  }
  return chances;
}

/** By which facet a user wants to refine a piece of writing next: an open one, or none. */
export function facetsAfter({ sessions }: Behaviour, request: WritingRequest, met: ReadonlySet<Facet>): Chance<Facet>[] {
  const open = request.facets.filter((facet) => !met.has(facet));
  const total = open.reduce((sum, { weight }) => sum + weight, 0);
  const { contentWithDraft } = sessions;
  return [
    { need: undefined, weight: open.length === 0 ? 1 : contentWithDraft },
    ...open.map((facet) => ({ need: facet, weight: ((1 - contentWithDraft) * facet.weight) / total })),
  ];
}
