import { setImmediate } from 'node:timers/promises';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { CtrInput, CtrInputBuilder } from '../input/ctr-input.js';
import type { LoadedModel, ModelInfo, ServingModel } from '../model/serving-model.js';
import { multiReward, singleReward } from '../reward/list-reward.js';

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

export interface ScoredList {
  readonly clickProbabilities: readonly number[];
  /** Eq. 3. */
  readonly multiReward: number;
  /** Eq. 4. */
  readonly singleReward: number;
}

/** Milliseconds by phase. */
export interface ScoringTimes {
  readonly tokenize: number;
  readonly queue: number;
  readonly inference: number;
}

export interface Scored<T> {
  /** In the order of what was asked. */
  readonly results: readonly T[];
  readonly model: ModelInfo;
  readonly times: ScoringTimes;
}

/** How long building inputs may hold the event loop before other calls get their turn. */
const TURN_MS = 5;
/** The contract promises p in (0, 1), and float32 rounds a certain click to 1. */
const LEAST_PROBABILITY = 1e-7;

type Tokenized = (text: string) => readonly number[];

/** A kind of request: how many inputs it makes, which texts it has, and how its inputs are made of their tokens. */
interface Kind<T> {
  readonly size: (group: T) => number;
  readonly texts: (group: T) => readonly string[];
  readonly build: (group: T, inputs: CtrInputBuilder, tokens: Tokenized) => CtrInput[];
}

const LIST: Kind<ShownList> = {
  size: ({ queries }) => queries.length,
  texts: ({ query, queries }) => [query, ...queries],
  build: ({ taskId, query, queries }, inputs, tokens) => {
    const ids = queries.map(tokens);
    return ids.map((candidate, k) => inputs.build(inputs.prefix(taskId, tokens(query), ids.slice(0, k)), candidate));
  },
};

const NEXT: Kind<NextStep> = {
  size: ({ candidates }) => candidates.length,
  texts: ({ query, chosen, candidates }) => [query, ...chosen, ...candidates],
  build: ({ taskId, query, chosen, candidates }, inputs, tokens) => {
    const prefix = inputs.prefix(taskId, tokens(query), chosen.map(tokens));
    return candidates.map((candidate) => inputs.build(prefix, tokens(candidate)));
  },
};

/** Lets other calls have the event loop between stretches of work. */
class Turns {
  private endsAt = performance.now() + TURN_MS;

  constructor(private readonly signal: AbortSignal) {}

  get isOver(): boolean {
    return performance.now() > this.endsAt;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.signal.throwIfAborted();
    this.endsAt = performance.now() + TURN_MS;
  }
}

/** Predicts clicks of lists and of the next query of a list. Everything that one call asks goes into the queue at once. */
export class Score {
  constructor(private readonly serving: ServingModel) {}

  /** @throws NoModelError, OverloadedError, InferenceError, CallEndedError */
  async lists(lists: readonly ShownList[], limits: CallLimits): Promise<Scored<ScoredList>> {
    const scored = await this.groups(LIST, lists, limits);
    const results = scored.results.map((clickProbabilities) => ({
      clickProbabilities,
      multiReward: multiReward(clickProbabilities),
      singleReward: singleReward(clickProbabilities),
    }));
    return { ...scored, results };
  }

  /** Click probabilities of the candidates of each step. @throws NoModelError, OverloadedError, InferenceError, CallEndedError */
  async next(steps: readonly NextStep[], limits: CallLimits): Promise<Scored<readonly number[]>> {
    return this.groups(NEXT, steps, limits);
  }

  /** Builds the inputs of every group, predicts all of them, and gives each group its own probabilities. */
  private async groups<T>(kind: Kind<T>, groups: readonly T[], { signal }: CallLimits): Promise<Scored<readonly number[]>> {
    return this.serving.use(async (model) => {
      // Under overload the event loop must not be spent on texts of calls that will be sent away.
      model.queue.checkRoom(groups.reduce((sum, group) => sum + kind.size(group), 0));
      const startedAt = performance.now();
      const built = await this.build(kind, groups, model, new Turns(signal));
      const tokenize = performance.now() - startedAt;
      const predicted = await model.queue.predict(built.flat(), signal);
      let first = 0;
      const results = built.map(({ length }) => {
        const own = predicted.probabilities.slice(first, (first += length));
        return [...own].map((p) => Math.min(Math.max(p, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY));
      });
      return { results, model: model.info, times: { tokenize, queue: predicted.queueMs, inference: predicted.inferenceMs } };
    });
  }

  /** Tokenizes every text once: one user query stands before many lists, and a query is target of one input and context of others. */
  private async build<T>(kind: Kind<T>, groups: readonly T[], { inputs }: LoadedModel, turns: Turns): Promise<CtrInput[][]> {
    const known = new Map<string, readonly number[]>();
    for (const text of new Set(groups.flatMap(kind.texts))) {
      if (turns.isOver) await turns.next();
      known.set(text, inputs.tokenize(text));
    }
    const built: CtrInput[][] = [];
    for (const group of groups) {
      if (turns.isOver) await turns.next();
      built.push(kind.build(group, inputs, (text) => known.get(text) ?? []));
    }
    return built;
  }
}
