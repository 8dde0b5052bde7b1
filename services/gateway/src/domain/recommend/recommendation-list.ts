import { normalise } from '@gqr/chassis/text/normalise';
import type { Source } from '../journal.js';

/** A query that found its place in a list. */
export interface ListedQuery {
  readonly text: string;
  readonly source: Source;
  readonly logPropensity: number | undefined;
}

/** Longest text that is shown: clicked, it becomes a query, and the contract takes no longer one. */
const MAX_TEXT_CHARACTERS = 2_000;

/** A text on one line; undefined if it is too long or has characters that cannot be shown. */
export function toLine(text: string): string | undefined {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length > MAX_TEXT_CHARACTERS || !line.isWellFormed() || /\p{Cc}/u.test(line) ? undefined : line;
}

/** A list under construction: up to `count` queries, none of which says again what the user has asked or what the list already has. */
export class RecommendationList {
  private readonly asked: ReadonlySet<string>;
  /** The queries by what they say. */
  private readonly listed = new Map<string, ListedQuery>();

  /** @param asked what the user has asked */
  constructor(
    readonly count: number,
    asked: Iterable<string>,
  ) {
    this.asked = new Set(Array.from(asked, normalise));
  }

  get queries(): readonly ListedQuery[] {
    return [...this.listed.values()];
  }

  get full(): boolean {
    return this.listed.size >= this.count;
  }

  /** Whether the list says the same as `text`. */
  has(text: string): boolean {
    return this.listed.has(normalise(text));
  }

  /** Whether `text` can be appended: it can be shown, nobody said it yet, and there is room. */
  takes(text: string): boolean {
    return this.admit(text) !== undefined;
  }

  /** Appends the text if it can be appended. Returns what was appended. */
  offer(text: string, source: Source, logPropensity?: number): ListedQuery | undefined {
    const admitted = this.admit(text);
    if (admitted === undefined) return undefined;
    const query = { text: admitted.line, source, logPropensity };
    this.listed.set(admitted.normal, query);
    return query;
  }

  /** A list of the same user that has the first `length` queries of this one. */
  first(length: number): RecommendationList {
    const list = new RecommendationList(this.count, this.asked);
    for (const [normal, query] of [...this.listed].slice(0, length)) list.listed.set(normal, query);
    return list;
  }

  /** The text as it would be shown, and what it says; undefined if it cannot be appended. */
  private admit(text: string): { readonly line: string; readonly normal: string } | undefined {
    const line = this.full ? undefined : toLine(text);
    if (line === undefined) return undefined;
    const normal = normalise(line);
    return normal === '' || this.asked.has(normal) || this.listed.has(normal) ? undefined : { line, normal };
  }
}
