import type { CtrInput, CtrInputBuilder } from '../input/ctr-input.js';
import type { Sources } from '../input/input-spec.js';

/** A list to score. */
export interface ShownList {
  readonly taskId: string;
  readonly query: string;
  readonly sources: Sources;
  /** In order of position; at least one. */
  readonly queries: readonly string[];
}

/** Candidates to score for the position after those that are chosen already. */
export interface NextStep {
  readonly taskId: string;
  readonly query: string;
  readonly sources: Sources;
  readonly chosen: readonly string[];
  /** At least one. */
  readonly candidates: readonly string[];
}

type Tokenized = (text: string) => readonly number[];

/** A kind of request: how many inputs it makes and for which prompt, which texts it has, and how its inputs are made of their tokens. */
export interface Kind<T> {
  readonly prompt: (group: T) => string;
  readonly size: (group: T) => number;
  readonly texts: (group: T, inputs: CtrInputBuilder) => readonly string[];
  readonly build: (group: T, inputs: CtrInputBuilder, tokens: Tokenized) => CtrInput[];
}

const textsOf = ({ answer, history, cooccurrence }: Sources): string[] =>
  [answer, ...history, ...cooccurrence].filter((text) => text !== '');

/** Task and user query. */
const promptOf = ({ taskId, query }: ShownList | NextStep): string => JSON.stringify([taskId, query]);

export const LIST: Kind<ShownList> = {
  prompt: promptOf,
  size: ({ queries }) => queries.length,
  texts: ({ query, queries, sources }, inputs) => [query, ...queries, ...textsOf(inputs.read(sources))],
  build: ({ taskId, query, queries, sources }, inputs, tokens) => {
    const ids = queries.map(tokens);
    const beside = inputs.sources(inputs.read(sources), tokens);
    return ids.map((candidate, k) => inputs.build(inputs.prefix(taskId, tokens(query), ids.slice(0, k), beside), candidate));
  },
};

export const NEXT: Kind<NextStep> = {
  prompt: promptOf,
  size: ({ candidates }) => candidates.length,
  texts: ({ query, chosen, candidates, sources }, inputs) => [query, ...chosen, ...candidates, ...textsOf(inputs.read(sources))],
  build: ({ taskId, query, chosen, candidates, sources }, inputs, tokens) => {
    const beside = inputs.sources(inputs.read(sources), tokens);
    const prefix = inputs.prefix(taskId, tokens(query), chosen.map(tokens), beside);
    return candidates.map((candidate) => inputs.build(prefix, tokens(candidate)));
  },
};
