import type { SearchTopic, Topic } from './topic.js';

/** Where a value stands in a file: property names and indexes from the root. */
export type Path = readonly (string | number)[];

/** Something in a world file that is wrong. */
export interface Fault {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly problem: string;
  readonly remedy: string;
}

/** A topic and the file it was read from. */
export interface TopicFile {
  readonly file: string;
  readonly topic: Topic;
  /** 1-based line of a value. */
  readonly lineOf: (path: Path) => number;
}

/** A fault as a person reads it. */
export function describeFault({ file, line, problem, remedy }: Fault): string {
  return `${file}:${line}: ${problem}; ${remedy}`;
}

/** Form in which two phrasings are the same. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} ]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

type Report = (path: Path, problem: string, remedy: string) => void;

function lintIds(items: readonly { readonly id: string }[], path: Path, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { id }] of items.entries()) {
    if (seen.has(id)) report([...path, index, 'id'], `the id ${id} is used twice`, 'give each its own id');
    seen.add(id);
  }
}

/** A way round from intent to intent that comes back to where it began; undefined if there is none. */
function findCycle({ intents }: SearchTopic): string[] | undefined {
  const next = new Map(intents.map((intent) => [intent.id, intent.next.map(({ to }) => to)]));
  const finished = new Set<string>();
  const visit = (id: string, way: readonly string[]): string[] | undefined => {
    const again = way.indexOf(id);
    if (again >= 0) return [...way.slice(again), id];
    if (finished.has(id)) return undefined;
    for (const to of next.get(id) ?? []) {
      const cycle = visit(to, [...way, id]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(id);
    return undefined;
  };
  for (const { id } of intents) {
    const cycle = visit(id, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** What there is to go to from a topic. */
interface Others {
  readonly topics: ReadonlySet<string>;
  readonly writing: ReadonlySet<string>;
}

function lintSearchTopic(topic: SearchTopic, { topics, writing }: Others, report: Report): void {
  lintIds(topic.intents, ['intents'], report);
  const ids = new Set(topic.intents.map(({ id }) => id));
  for (const [index, intent] of topic.intents.entries()) {
    for (const [at, { to }] of intent.next.entries()) {
      const remedy = `name one of this topic's intents: ${[...ids].join(', ')}`;
      if (!ids.has(to)) report(['intents', index, 'next', at, 'to'], `the intent ${to} is unknown`, remedy);
    }
    for (const [at, to] of intent.leave.to.entries()) {
      const remedy = 'name an existing topic or remove the entry';
      const path = ['intents', index, 'leave', 'to', at];
      if (!topics.has(to)) report(path, `the topic ${to} is unknown`, remedy);
      if (writing.has(to))
        report(path, `the topic ${to} is one of writing, where nobody goes from here`, 'name a search topic or remove the entry');
    }
  }
  const cycle = findCycle(topic);
  if (cycle === undefined) return;
  const index = topic.intents.findIndex(({ id }) => id === cycle.at(-2));
  const at = topic.intents[index]?.next.findIndex(({ to }) => to === cycle.at(-1)) ?? 0;
  const remedy = 'remove this transition: intents lead from learning to doing to trouble, and sessions must end';
  report(['intents', index, 'next', at, 'to'], `the transitions go round in a circle (${cycle.join(' -> ')})`, remedy);
}

/** Every text that stands for an intent or a facet, with where it stands and within what it must be the only one. */
function* phrasingsOf(topic: Topic): Generator<{ text: string; path: Path; scope: string }> {
  const [field, items] = topic.kind === 'search' ? (['intents', topic.intents] as const) : (['requests', topic.requests] as const);
  for (const [index, item] of items.entries()) {
    for (const [at, text] of item.phrasings.entries()) yield { text, path: [field, index, 'phrasings', at], scope: '' };
    if (!('facets' in item)) continue;
    for (const [facet, { phrasings }] of item.facets.entries()) {
      for (const [at, text] of phrasings.entries()) {
        yield { text, path: [field, index, 'facets', facet, 'phrasings', at], scope: `${topic.id}/${item.id}` };
      }
    }
  }
}

/**
 * Checks what cannot be seen in one field alone: ids and phrasings that are used twice, steps to intents or topics that do not
 * exist or where nobody goes, circles of transitions, files that are not named after their topic. `topics` are the ids of all topics, those included
 * whose files could not be read.
 */
export function lintTopics(files: readonly TopicFile[], topics: ReadonlySet<string>): Fault[] {
  const faults: Fault[] = [];
  const usedBy = new Map<string, string>();
  const writing = new Set(files.filter(({ topic }) => topic.kind === 'writing').map(({ topic }) => topic.id));
  for (const { file, topic, lineOf } of files) {
    const report: Report = (path, problem, remedy) => {
      faults.push({ file, line: lineOf(path), problem, remedy });
    };
    if (!`/${file}`.endsWith(`/${topic.id}.yaml`))
      report(['id'], `the topic ${topic.id} is in another file`, `name the file ${topic.id}.yaml`);
    if (topic.kind === 'search') lintSearchTopic(topic, { topics, writing }, report);
    else {
      lintIds(topic.requests, ['requests'], report);
      for (const [index, { facets }] of topic.requests.entries()) lintIds(facets, ['requests', index, 'facets'], report);
    }
    for (const { text, path, scope } of phrasingsOf(topic)) {
      const key = `${scope}\n${plain(text)}`;
      const where = `${file}:${lineOf(path)}`;
      const first = usedBy.get(key);
      if (first !== undefined) report(path, `the phrasing "${text}" is also in ${first}`, 'word one of the two differently');
      else usedBy.set(key, where);
    }
  }
  return faults;
}
