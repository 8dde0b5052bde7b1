import { normalise } from '@gqr/chassis/text/normalise';
import type { CountedNextQuery, CountedQuery, QueryIndex } from './query-index.js';
import type { ServingIndex } from './serving-index.js';

/** A candidate for the next query. */
export interface NextQuery extends CountedNextQuery {
  /** Similarity of the query that it followed to the one asked for; 1 for an exact match. */
  readonly similarity: number;
  readonly score: number;
}

/** Something, and the version of the snapshot that it comes from. */
export interface Answer<T> {
  readonly found: readonly T[];
  readonly version: string;
}

/** Next queries of exactly this query, Q_q of paper section 3.3, best first. */
async function retrieveExact(index: QueryIndex, query: string, limit: number): Promise<NextQuery[]> {
  const next = await index.nextQueries(normalise(query), limit);
  return next.map((each) => ({ ...each, similarity: 1, score: each.transitionProbability }));
}

/** Looks up the queries that users really asked next. */
export class Retrieval {
  constructor(private readonly serving: ServingIndex) {}

  retrieve(query: string, limit: number): Promise<Answer<NextQuery>> {
    return this.serving.use(async (index) => ({
      found: await retrieveExact(index, query, limit),
      version: index.info.version,
    }));
  }

  listPopular(limit: number): Promise<Answer<CountedQuery>> {
    return this.serving.use(async (index) => ({ found: await index.popular(limit), version: index.info.version }));
  }
}
