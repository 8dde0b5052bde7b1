import type { CountedNextQuery, CountedQuery, QueryIndex, SnapshotInfo } from '../src/domain/query-index.js';

/** D_coo as a test states it: for each normalised query, what followed it and how often. */
export interface Dictionary {
  readonly version: string;
  readonly next: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly popular: Readonly<Record<string, number>>;
}

export const byCountThenText = (a: CountedQuery, b: CountedQuery): number => b.count - a.count || (a.text < b.text ? -1 : 1);

export const counted = (counts: Readonly<Record<string, number>>): CountedQuery[] =>
  Object.entries(counts)
    .map(([text, count]) => ({ text, count }))
    .sort(byCountThenText);

/** A query index in memory that says whether it was closed. */
export class FakeQueryIndex implements QueryIndex {
  closed = false;
  readonly info: SnapshotInfo;

  constructor(private readonly dictionary: Dictionary) {
    const { version, next } = dictionary;
    const pairs = Object.values(next).reduce((sum, each) => sum + Object.keys(each).length, 0);
    this.info = { version, queries: Object.keys(next).length, pairs };
  }

  nextQueries(normalisedQuery: string, limit: number): Promise<readonly CountedNextQuery[]> {
    const next = counted(this.dictionary.next[normalisedQuery] ?? {});
    const total = next.reduce((sum, { count }) => sum + count, 0);
    return Promise.resolve(next.slice(0, limit).map((each) => ({ ...each, transitionProbability: each.count / total })));
  }

  popular(limit: number): Promise<readonly CountedQuery[]> {
    return Promise.resolve(counted(this.dictionary.popular).slice(0, limit));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
