import { setImmediate } from 'node:timers/promises';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { CtrInput } from '../input/ctr-input.js';
import type { LoadedModel } from '../model/serving-model.js';
import type { Kind } from './request-kinds.js';

/** Milliseconds by phase. */
export interface ScoringTimes {
  readonly tokenize: number;
  readonly queue: number;
  readonly inference: number;
}

export interface Prediction {
  /** Click probabilities by group, in the order of what was asked. */
  readonly results: readonly (readonly number[])[];
  /** How unsure the model is of each of them; empty for a group if it does not say. */
  readonly uncertainties: readonly (readonly number[])[];
  readonly times: ScoringTimes;
}

/** How long building inputs may hold the event loop before other calls get their turn. */
const TURN_MS = 5;
/** The contract promises p in (0, 1), and float32 rounds a certain click to 1. */
const LEAST_PROBABILITY = 1e-7;

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

/** Tokenizes every text once: one user query stands before many lists, and a query is target of one input and context of others. */
async function build<T>(kind: Kind<T>, groups: readonly T[], { inputs }: LoadedModel, turns: Turns): Promise<CtrInput[][]> {
  const known = new Map<string, readonly number[]>();
  for (const text of new Set(groups.flatMap((group) => kind.texts(group, inputs)))) {
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

/**
 * Builds the inputs of every group, has a model predict all of them, and gives each group its own probabilities.
 * @throws OverloadedError, InferenceError, the signal's reason
 */
export async function predict<T>(
  model: LoadedModel,
  kind: Kind<T>,
  groups: readonly T[],
  { signal, deadline }: CallLimits,
): Promise<Prediction> {
  // Under overload the event loop must not be spent on texts of calls that will be sent away.
  model.queue.checkRoom(
    groups.reduce((sum, group) => sum + kind.size(group), 0),
    deadline - Date.now(),
  );
  const startedAt = performance.now();
  const built = await build(kind, groups, model, new Turns(signal));
  const tokenize = performance.now() - startedAt;
  const predicted = await model.queue.predict(built.flat(), signal, deadline - Date.now());
  const inside = (p: number): number => Math.min(Math.max(p, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY);
  const results: number[][] = [];
  const uncertainties: number[][] = [];
  let first = 0;
  for (const { length } of built) {
    const last = first + length;
    results.push(Array.from(predicted.probabilities.subarray(first, last), inside));
    uncertainties.push([...(predicted.uncertainties?.subarray(first, last) ?? [])]);
    first = last;
  }
  return { results, uncertainties, times: { tokenize, queue: predicted.queueMs, inference: predicted.inferenceMs } };
}
