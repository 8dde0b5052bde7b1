import { LRUCache } from 'lru-cache';
import type { Random } from '../decode/draw.js';

/** A list as it was written. */
export interface PooledList {
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
}

/** A list drawn from a pool, with the exact logarithm of each query's probability given those before it. */
export interface PoolDraw {
  readonly list: PooledList;
  readonly logPropensities: readonly number[];
  readonly poolSize: number;
}

/**
 * Keeps several lists a key, so that the heads of the query distribution, which repeat, cost the model little and still show some
 * variety. Lists are drawn uniformly; the oldest keys are forgotten first.
 */
export class ListPool {
  private readonly lists: LRUCache<string, PooledList[]>;

  constructor(options: { maxKeys: number; maxAgeMs: number }) {
    this.lists = new LRUCache({ max: options.maxKeys, ttl: options.maxAgeMs });
  }

  /** A list of a pool that is full; undefined while it is not. */
  draw(key: string, size: number, random: Random): PoolDraw | undefined {
    const lists = this.lists.get(key)?.slice(0, size);
    if (lists === undefined || lists.length < size) return undefined;
    const list = lists[Math.floor(random() * lists.length)];
    if (list === undefined) return undefined;
    let alike = lists;
    const logPropensities = list.queries.map((query, k) => {
      const next = alike.filter(({ queries }) => queries[k] === query);
      const probability = next.length / alike.length;
      alike = next;
      return Math.log(probability);
    });
    return { list, logPropensities, poolSize: size };
  }

  /** Adds a list to a pool that is not full. */
  add(key: string, size: number, list: PooledList): void {
    const lists = this.lists.get(key) ?? [];
    if (lists.length < size) this.lists.set(key, [...lists, list]);
  }

  /** Forgets every list; what a policy wrote is not drawn once another one serves. */
  clear(): void {
    this.lists.clear();
  }
}
