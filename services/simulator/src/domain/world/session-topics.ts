import { stemsOf } from '../relevance/vocabulary.js';
import type { SessionLine } from './session-lines.js';
import type { Intent, SearchTopic } from './topic.js';

/** A query of more sessions than this, or than this share of them, joins what has nothing in common ("weather"). */
const HUB = { sessions: 10, share: 0.005 };
/** Topics do not grow beyond this many different queries. */
const LARGEST_TOPIC = 60;

/** Form in which two queries are the same need: their words, whatever their order and ending. */
const needOf = (query: string): string => [...new Set(stemsOf(query))].sort().join(' ');

/** Groups of sessions that share a query, as long as they stay small. */
class Groups {
  private readonly parents: number[];
  private readonly sizes: number[];

  constructor(sizes: readonly number[]) {
    this.parents = sizes.map((_, at) => at);
    this.sizes = [...sizes];
  }

  rootOf(at: number): number {
    let root = at;
    while ((this.parents[root] ?? root) !== root) root = this.parents[root] ?? root;
    this.parents[at] = root;
    return root;
  }

  join(a: number, b: number): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    const size = (this.sizes[first] ?? 0) + (this.sizes[second] ?? 0);
    if (first === second || size > LARGEST_TOPIC) return;
    this.parents[second] = first;
    this.sizes[first] = size;
  }
}

class Counts<K> extends Map<K, number> {
  add(key: K): void {
    this.set(key, (this.get(key) ?? 0) + 1);
  }
}

/** What is known of one need from the sessions of a topic. */
class NeedInLog {
  readonly wordings = new Counts<string>();
  readonly next = new Counts<string>();
  starts = 0;
  ends = 0;
}

function topicOf(sessions: readonly SessionLine[]): SearchTopic {
  const needs = new Map<string, NeedInLog>();
  for (const { queries } of sessions) {
    const steps = queries.map((query) => ({ query, key: needOf(query) }));
    for (const [at, { query, key }] of steps.entries()) {
      const need = needs.get(key) ?? new NeedInLog();
      needs.set(key, need);
      need.wordings.add(query);
      const next = steps[at + 1];
      if (at === 0) need.starts++;
      if (next === undefined) need.ends++;
      else if (next.key !== key) need.next.add(next.key);
    }
  }
  const ids = new Map([...needs.keys()].map((key, at) => [key, `q${at + 1}`]));
  const intents = [...needs].map(([key, need]): Intent => {
    const wordings = [...need.wordings].sort(([, a], [, b]) => b - a).map(([wording]) => wording);
    return {
      id: ids.get(key) ?? '',
      need: '',
      share: need.starts,
      phrasings: wordings,
      concepts: [],
      answer: '',
      next: [...need.next].map(([to, weight]) => ({ to: ids.get(to) ?? '', weight })),
      // Whoever goes on in all sessions of a log may leave in another one.
      leave: { weight: need.ends + 0.5, to: [] },
    };
  });
  const [first] = sessions;
  return {
    id: `sessions-line-${first?.line ?? 0}`,
    kind: 'search',
    domain: 'sessions',
    title: first?.queries[0] ?? '',
    popularity: sessions.length,
    entities: [],
    intents,
  };
}

/**
 * Topics of a log: sessions that share a need, over all others that they share one with. Needs are what was asked, frequencies and
 * transitions those of the log. There are no answers, for the log has none.
 */
export function topicsOfSessions(sessions: readonly SessionLine[]): SearchTopic[] {
  const byNeed = new Map<string, number[]>();
  for (const [at, { queries }] of sessions.entries()) {
    for (const key of new Set(queries.map(needOf))) byNeed.set(key, [...(byNeed.get(key) ?? []), at]);
  }
  const hub = Math.max(HUB.sessions, HUB.share * sessions.length);
  const groups = new Groups(sessions.map(({ queries }) => queries.length));
  for (const users of byNeed.values()) {
    if (users.length > hub) continue;
    for (const user of users) groups.join(users[0] ?? user, user);
  }
  const members = new Map<number, SessionLine[]>();
  for (const [at, session] of sessions.entries()) {
    const root = groups.rootOf(at);
    const group = members.get(root);
    if (group === undefined) members.set(root, [session]);
    else group.push(session);
  }
  return [...members.values()].map(topicOf);
}
