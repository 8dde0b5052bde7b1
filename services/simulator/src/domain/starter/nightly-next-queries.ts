import { normalise } from '@gqr/chassis/text/normalise';

/** A query that somebody asked, in the order of the log. */
export interface LoggedQuery {
  readonly sessionId: string;
  readonly query: string;
  readonly typed: boolean;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/** The trainer's defaults: a query that follows more different ones than this share of all, and than this number, is left out. */
const HUB_SHARE = 0.05;
const HUB_MINIMUM = 20;
const DAY_MS = 86_400_000;

/**
 * What a co-occurrence index would have answered that was built anew every midnight (UTC) of all the days before: the queries that users
 * typed next (paper section 3.3), by the counting rules of the trainer. The day that is asked about is never in it, nor a later one.
 */
export class NightlyNextQueries {
  private today = -Infinity;
  private pending: (() => void)[] = [];
  private readonly previous = new Map<string, string>();
  private readonly followers = new Map<string, Map<string, number>>();
  private readonly forms = new Map<string, Map<string, number>>();
  private hubs = new Set<string>();

  /** @param least Times that a query must have followed another one to count. */
  constructor(private readonly least: number) {}

  /** Takes in a query; they come in order of time. It counts from the next midnight on. */
  add({ sessionId, query, typed, at }: LoggedQuery): void {
    this.turnTo(at);
    const key = normalise(query);
    const previous = this.previous.get(sessionId);
    if (key === '') return;
    this.previous.set(sessionId, key);
    this.pending.push(() => {
      increment(this.forms, key, query);
      if (typed && previous !== undefined && previous !== key) increment(this.followers, previous, key);
    });
  }

  /** What was typed next after a query, most frequent first, as of the last midnight before `at`. */
  after(query: string, at: number, limit: number): string[] {
    this.turnTo(at);
    return [...(this.followers.get(normalise(query)) ?? [])]
      .filter(([key, count]) => count >= this.least && !this.hubs.has(key))
      .map(([key, count]): [string, number] => [this.surface(key), count])
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([text]) => text);
  }

  private turnTo(at: number): void {
    const day = Math.floor(at / DAY_MS);
    if (day <= this.today) return;
    this.today = day;
    if (this.pending.length === 0) return;
    for (const count of this.pending) count();
    this.pending = [];
    this.hubs = this.findHubs();
  }

  private findHubs(): Set<string> {
    const queriesBefore = new Map<string, number>();
    for (const next of this.followers.values()) for (const key of next.keys()) queriesBefore.set(key, (queriesBefore.get(key) ?? 0) + 1);
    const most = Math.max(HUB_MINIMUM, HUB_SHARE * this.followers.size);
    return new Set([...queriesBefore].flatMap(([key, count]) => (count > most ? [key] : [])));
  }

  /** A query as it is most often written. */
  private surface(key: string): string {
    const [[text] = [key]] = [...(this.forms.get(key) ?? [])].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return text;
  }
}

function increment(counts: Map<string, Map<string, number>>, key: string, of: string): void {
  const own = counts.get(key) ?? new Map<string, number>();
  counts.set(key, own.set(of, (own.get(of) ?? 0) + 1));
}
