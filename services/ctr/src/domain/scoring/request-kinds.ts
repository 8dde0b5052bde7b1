import type { CtrInput, CtrInputBuilder } from '../input/ctr-input.js';

/** A list to score. */
export interface ShownList {
  readonly taskId: string;
  readonly query: string;
  /** In order of position; at least one. */
  readonly queries: readonly string[];
}

/** Candidates to score for the position after those that are chosen already. */
export interface NextStep {
  readonly taskId: string;
  readonly query: string;
  readonly chosen: readonly string[];
  /** At least one. */
  readonly candidates: readonly string[];
}

type Tokenized = (text: string) => readonly number[];

/** A kind of request: how many inputs it makes, which texts it has, and how its inputs are made of their tokens. */
export interface Kind<T> {
  readonly size: (group: T) => number;
  readonly texts: (group: T) => readonly string[];
  readonly build: (group: T, inputs: CtrInputBuilder, tokens: Tokenized) => CtrInput[];
}

export const LIST: Kind<ShownList> = {
  size: ({ queries }) => queries.length,
  texts: ({ query, queries }) => [query, ...queries],
  build: ({ taskId, query, queries }, inputs, tokens) => {
    const ids = queries.map(tokens);
    return ids.map((candidate, k) => inputs.build(inputs.prefix(taskId, tokens(query), ids.slice(0, k)), candidate));
  },
};

export const NEXT: Kind<NextStep> = {
  size: ({ candidates }) => candidates.length,
  texts: ({ query, chosen, candidates }) => [query, ...chosen, ...candidates],
  build: ({ taskId, query, chosen, candidates }, inputs, tokens) => {
    const prefix = inputs.prefix(taskId, tokens(query), chosen.map(tokens));
    return candidates.map((candidate) => inputs.build(prefix, tokens(candidate)));
  },
};
