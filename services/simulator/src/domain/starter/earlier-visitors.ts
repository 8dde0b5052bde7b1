import type { TaskId } from '../population/behaviour.js';
import type { Session, Turn } from '../population/session.js';
import { drawIndex, type Random } from '../random/random.js';

/** Where a query of a starter list comes from. */
export type StarterSource = 'cooccurrence' | 'popular';

/** A query of a starter list. */
export interface StarterQuery {
  readonly text: string;
  readonly query: string;
  readonly source: StarterSource;
}

const COUNTS: Readonly<Record<TaskId, number>> = { suggestion: 3, clarification: 8, hint: 1 };
/** Popular queries from which lists are filled up. */
const MOST_POPULAR = 300;
const LONGEST_SNIPPET_WORDS = 4;

const keyOf = (query: string): string => query.trim().toLowerCase();
const isSnippet = (text: string): boolean => text.trim().split(/\s+/).length <= LONGEST_SNIPPET_WORDS;

class Counts {
  private readonly counts = new Map<string, number>();

  add(text: string): void {
    this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
  }

  top(limit: number): [string, number][] {
    return [...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, limit);
  }
}

/**
 * What visitors before the first logged session typed, when there was nothing to click. Their next queries and the most usual ones
 * make the first lists, as a gateway without a language model would make them.
 */
export class EarlierVisitors {
  private readonly next = new Map<string, Counts>();
  private readonly popularQueries = new Counts();
  private readonly popularSnippets = new Counts();

  /** Lets a visitor type until the end; nothing is recommended. */
  add(session: Session): void {
    let previous = session.turn.query;
    this.popularQueries.add(previous);
    while (session.advance()) {
      const { query } = session.turn;
      const next = this.next.get(keyOf(previous)) ?? new Counts();
      next.add(query);
      this.next.set(keyOf(previous), next);
      (isSnippet(query) && session.task === 'clarification' ? this.popularSnippets : this.popularQueries).add(query);
      previous = query;
    }
  }

  /** A list for a turn: what was typed next, drawn by how often it was; then what is typed most. */
  list({ query, history }: Turn, task: TaskId, random: Random): StarterQuery[] {
    const asked = new Set([...history.map((exchange) => keyOf(exchange.query)), keyOf(query)]);
    const popular = task === 'clarification' ? this.popularSnippets : this.popularQueries;
    const fits = ([text]: [string, number]): boolean => !asked.has(keyOf(text)) && (task !== 'clarification' || isSnippet(text));
    const next = (this.next.get(keyOf(query))?.top(MOST_POPULAR) ?? []).filter(fits);
    const list = take(random, next, COUNTS[task]).map((text): StarterQuery => ({ text, query: text, source: 'cooccurrence' }));
    const rest = popular.top(MOST_POPULAR).filter((entry) => fits(entry) && !list.some(({ text }) => text === entry[0]));
    const filling = take(random, rest, COUNTS[task] - list.length);
    return [...list, ...filling.map((text): StarterQuery => ({ text, query: text, source: 'popular' }))];
  }
}

/** Draws different texts in proportion to their counts. */
function take(random: Random, counted: readonly [string, number][], count: number): string[] {
  const left = [...counted];
  const taken: string[] = [];
  while (taken.length < count && left.length > 0) {
    const [drawn] = left.splice(
      drawIndex(
        random,
        left.map(([, times]) => times),
      ),
      1,
    );
    if (drawn !== undefined) taken.push(drawn[0]);
  }
  return taken;
}
