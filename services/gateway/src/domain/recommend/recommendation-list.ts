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
  private readonly said: Set<string>;
  private readonly listed: ListedQuery[] = [];

  constructor(
    readonly count: number,
    asked: Iterable<string>,
  ) {
    this.said = new Set(Array.from(asked, normalise));
  }

  get queries(): readonly ListedQuery[] {
    return this.listed;
  }

  get full(): boolean {
    return this.listed.length >= this.count;
  }

  /** Appends the text unless the list is full, has it, or it cannot be shown. Returns what was appended. */
  offer(text: string, source: Source, logPropensity?: number): ListedQuery | undefined {
    const line = toLine(text);
    if (this.full || line === undefined) return undefined;
    const normal = normalise(line);
    if (normal === '' || this.said.has(normal)) return undefined;
    this.said.add(normal);
    const query = { text: line, source, logPropensity };
    this.listed.push(query);
    return query;
  }
}
