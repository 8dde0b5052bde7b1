import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion } from '../context.js';
import { attempt, type AttemptLimits } from './attempt.js';
import type { Asked, ClickPredictor, Place } from './click-predictor.js';

/** A scored list. */
export interface PredictedClicks {
  /** One for each query, in [0, 1]. */
  readonly probabilities: readonly number[];
  readonly model: ModelVersion | undefined;
}

/** A query where it stands. */
interface Standing {
  readonly chosen: readonly string[];
  readonly text: string;
}

interface Score {
  readonly probability: number;
  readonly model: ModelVersion | undefined;
}

/**
 * The click model's scores for one list. A query's score depends on the queries before it alone (Fig. 2 of the paper), so the first
 * queries are scored while the language model writes the next; when the list is whole, only what nobody asked before is asked.
 */
export class ListScores {
  /** By what stands where; undefined, or becomes so, where it could not be scored. */
  private readonly scores = new Map<string, Score | Promise<Score | undefined>>();
  /** One failure is enough: it is not for lists that are not even whole to wear a weak click model out. */
  private failed = false;

  constructor(
    private readonly predictor: ClickPredictor,
    private readonly asked: Asked,
  ) {}

  /** Has candidates scored that will probably be asked for, without waiting for them. What fails now is asked for when it is needed. */
  ahead(place: Place, limits: AttemptLimits): void {
    if (this.failed) return;
    const missing = standingIn(place).filter((standing) => !this.scores.has(keyOf(standing)));
    if (missing.length === 0) return;
    const scored = attempt('ctr', limits, (own) => this.ask(missing, own)).then(
      ({ value }) => {
        this.failed ||= value === undefined;
        return value;
      },
      () => undefined,
    );
    for (const [index, standing] of missing.entries()) {
      this.scores.set(
        keyOf(standing),
        scored.then((scores) => scores?.[index]),
      );
    }
  }

  /** @throws DependencyError, CallEndedError */
  async list(texts: readonly string[], limits: CallLimits): Promise<PredictedClicks> {
    return toClicks(await this.of(inOrder(texts), limits));
  }

  /** Probabilities of the candidates; the queries before them are scored with them. @throws DependencyError, CallEndedError */
  async candidates(place: Place, limits: CallLimits): Promise<readonly number[]> {
    const scores = await this.of([...inOrder(place.chosen), ...standingIn(place)], limits);
    return toClicks(scores.slice(place.chosen.length)).probabilities;
  }

  private async of(wanted: readonly Standing[], limits: CallLimits): Promise<readonly Score[]> {
    const known = await Promise.all(wanted.map(async (standing) => this.scores.get(keyOf(standing))));
    const missing = wanted.filter((_, index) => known[index] === undefined);
    const rest = missing.length === 0 ? [] : await this.ask(missing, limits);
    const scores = known.map((score) => score ?? rest.shift()).filter((score) => score !== undefined);
    // Scores of two models cannot be compared: another one came to serve meanwhile.
    return new Set(scores.map(({ model }) => model?.version)).size > 1 ? this.ask(wanted, limits) : scores;
  }

  private async ask(standings: readonly Standing[], limits: CallLimits): Promise<Score[]> {
    const { probabilities, model } = await this.predictor.predict(this.asked, placesOf(standings), limits);
    const scores = probabilities.flat().map((probability) => ({ probability, model }));
    for (const [index, score] of scores.entries()) {
      const standing = standings[index];
      if (standing !== undefined) this.scores.set(keyOf(standing), score);
    }
    return scores;
  }
}

/** Each query of a list behind those before it. */
function inOrder(texts: readonly string[]): Standing[] {
  return texts.map((text, index) => ({ chosen: texts.slice(0, index), text }));
}

function standingIn({ chosen, candidates }: Place): Standing[] {
  return candidates.map((text) => ({ chosen, text }));
}

/** The places of queries, in their order: neighbours behind the same queries are candidates for one place. */
function placesOf(standings: readonly Standing[]): Place[] {
  const places: { chosen: readonly string[]; candidates: string[] }[] = [];
  for (const { chosen, text } of standings) {
    const last = places.at(-1);
    if (last?.chosen === chosen) last.candidates.push(text);
    else places.push({ chosen, candidates: [text] });
  }
  return places;
}

function keyOf({ chosen, text }: Standing): string {
  return JSON.stringify([...chosen, text]);
}

function toClicks(scores: readonly Score[]): PredictedClicks {
  return { probabilities: scores.map(({ probability }) => probability), model: scores[0]?.model };
}
