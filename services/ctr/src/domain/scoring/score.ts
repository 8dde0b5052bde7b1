import { setTimeout as sleep } from 'node:timers/promises';
import { OverloadedError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelInfo, ServingModel } from '../model/serving-model.js';
import { multiReward, singleReward } from '../reward/list-reward.js';
import type { Shadow } from '../shadow/shadow.js';
import { predict, type ScoringTimes } from './predict.js';
import { type Kind, LIST, NEXT, type NextStep, type ShownList } from './request-kinds.js';

export interface ScoredList {
  readonly clickProbabilities: readonly number[];
  /** How unsure the model is of each of them; empty if it does not say. */
  readonly uncertainties: readonly number[];
  /** Eq. 3. */
  readonly multiReward: number;
  /** Eq. 4. */
  readonly singleReward: number;
}

/** The scored candidates of one step. */
export interface ScoredStep {
  readonly clickProbabilities: readonly number[];
  /** As in ScoredList. */
  readonly uncertainties: readonly number[];
}

export interface Scored<T> {
  /** In the order of what was asked. */
  readonly results: readonly T[];
  readonly model: ModelInfo;
  readonly times: ScoringTimes;
}

/** Queries of a stream that are scored together: enough for a good batch, and far less than the queue takes. */
const PIECE_QUERIES = 64;
/** Pieces of a stream under way: while one is run, the next one waits for its turn. */
const PIECES_UNDER_WAY = 3;

/** Cuts lists into pieces of about PIECE_QUERIES queries. */
function* piecesOf(lists: readonly ShownList[]): Generator<ShownList[]> {
  let piece: ShownList[] = [];
  let queries = 0;
  for (const list of lists) {
    piece.push(list);
    queries += list.queries.length;
    if (queries < PIECE_QUERIES) continue;
    yield piece;
    piece = [];
    queries = 0;
  }
  if (piece.length > 0) yield piece;
}

/** Predicts clicks of lists and of the next query of a list. Everything that one call asks goes into the queue at once. */
export class Score {
  constructor(
    private readonly serving: ServingModel,
    private readonly shadow: Pick<Shadow, 'follow'>,
  ) {}

  /** @throws NoModelError, OverloadedError, InferenceError, CallEndedError */
  async lists(lists: readonly ShownList[], limits: CallLimits): Promise<Scored<ScoredList>> {
    const scored = await this.groups(LIST, lists, limits);
    const results = scored.results.map((step) => ({
      ...step,
      multiReward: multiReward(step.clickProbabilities),
      singleReward: singleReward(step.clickProbabilities),
    }));
    return { ...scored, results };
  }

  /** Click probabilities of the candidates of each step. @throws NoModelError, OverloadedError, InferenceError, CallEndedError */
  async next(steps: readonly NextStep[], limits: CallLimits): Promise<Scored<ScoredStep>> {
    return this.groups(NEXT, steps, limits);
  }

  /**
   * Scores any number of lists, piece by piece in their order. A full queue is waited for. A swap takes effect at the next piece.
   * @throws NoModelError, InferenceError, CallEndedError
   */
  async *stream(lists: readonly ShownList[], limits: CallLimits): AsyncGenerator<Scored<ScoredList>, void> {
    const underWay: Promise<Scored<ScoredList>>[] = [];
    for (const piece of piecesOf(lists)) {
      const scored = this.patiently(piece, limits);
      // Awaited in its turn; until then its failure must not count as unhandled.
      scored.catch(() => undefined);
      underWay.push(scored);
      const first = underWay.length === PIECES_UNDER_WAY ? underWay.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const scored of underWay) yield await scored;
  }

  private async patiently(lists: readonly ShownList[], limits: CallLimits): Promise<Scored<ScoredList>> {
    for (;;) {
      try {
        return await this.lists(lists, limits);
      } catch (error) {
        if (!(error instanceof OverloadedError)) throw error;
        await sleep(error.retryAfterMs);
        limits.signal.throwIfAborted();
      }
    }
  }

  private async groups<T>(kind: Kind<T>, groups: readonly T[], limits: CallLimits): Promise<Scored<ScoredStep>> {
    return this.serving.use(async (model) => {
      const prediction = await predict(model, kind, groups, limits);
      this.shadow.follow(model.info.version, kind, groups, prediction.results);
      const { results, uncertainties, times } = prediction;
      const steps = results.map((clickProbabilities, i) => ({ clickProbabilities, uncertainties: uncertainties[i] ?? [] }));
      return { results: steps, times, model: model.info };
    });
  }
}
