import type { SearchContext } from '../context.js';
import { composeQuery } from '../tasks/task.js';
import type { AnswerPiece, Recommendation } from './answer.js';
import { attempt, type AttemptLimits } from './attempt.js';
import { choosePool, type PoolSettings } from './pool-policy.js';
import type { ListOrigin, QueryWriter, WriteRequest, WrittenList, WrittenPiece } from './query-writer.js';
import { type ListedQuery, RecommendationList, toLine } from './recommendation-list.js';
import type { RecommendRequest } from './request.js';

/** Told of each piece of an answer as soon as it is complete. */
export type Announce = (piece: AnswerPiece) => void;

/** Which pieces are told of while the language model writes. */
export interface Telling {
  readonly announce: Announce;
  /** Places of the list, counted from the first, of which the language model's query is the one that stays there. */
  readonly settledPlaces: number;
}

/** What the language model wrote. */
export interface Draft {
  /** Not yet full if the model wrote too little. */
  readonly list: RecommendationList;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  /** The list as far as the model gave it; undefined if it gave no query. */
  readonly written: WrittenList | undefined;
  /** Number of queries that were announced. */
  readonly announced: number;
  readonly reason: string | undefined;
}

/** A recommendation that is not scored yet. */
export function toRecommendation(query: ListedQuery, position: number, auxiliaryTexts: Readonly<Record<string, string>>): Recommendation {
  return { ...query, position, query: composeQuery(query.text, auxiliaryTexts), clickProbability: undefined };
}

/** Those of `texts` that the task declares and that can be shown. */
function declaredTexts(request: RecommendRequest, texts: Readonly<Record<string, string>>): Record<string, string> {
  const entries = request.task.definition.auxiliaryTexts.map((name): [string, string | undefined] => [name, toLine(texts[name] ?? '')]);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

/** What there is of a list that was broken off; undefined if there is no query, or nobody said whose they are. */
function partOf(
  { queries }: RecommendationList,
  auxiliaryTexts: Readonly<Record<string, string>>,
  origin: ListOrigin | undefined,
): WrittenList | undefined {
  if (queries.length === 0 || origin === undefined) return undefined;
  const { policy, promptVersion, decoding } = origin;
  return { policy, promptVersion, decoding, queries, auxiliaryTexts, usage: undefined, prompt: '' };
}

/** Has the language model write a list. */
export class Writing {
  constructor(
    private readonly writer: QueryWriter,
    private readonly pools: PoolSettings,
  ) {}

  /** Keeps the queries that were complete when the model failed or ran out of time. @throws CallEndedError */
  async write(
    request: RecommendRequest,
    prompt: { readonly context: SearchContext; readonly cooccurrenceQueries: readonly string[] },
    limits: AttemptLimits,
    { announce, settledPlaces }: Telling,
  ): Promise<Draft> {
    const streamed = this.newList(request);
    const pieces: Record<string, string> = {};
    let announced = 0;
    let origin: ListOrigin | undefined;
    const onPiece = (piece: WrittenPiece): void => {
      if (piece.kind === 'started') {
        origin = piece;
        return;
      }
      if (piece.kind === 'auxiliary_text') {
        pieces[piece.name] = piece.text;
        announce({ kind: 'auxiliary_texts', texts: declaredTexts(request, pieces) });
        return;
      }
      const query = streamed.offer(piece.text, 'generation', piece.logPropensity);
      if (query === undefined || streamed.queries.length > settledPlaces) return;
      announced = streamed.queries.length;
      announce({ kind: 'recommendation', recommendation: toRecommendation(query, announced, declaredTexts(request, pieces)) });
    };
    const { value, reason } = await attempt('generation', limits, (own) =>
      this.writer.write(this.toWriteRequest(request, prompt), own, onPiece),
    );
    if (value === undefined) {
      const auxiliaryTexts = declaredTexts(request, pieces);
      return { list: streamed, auxiliaryTexts, written: partOf(streamed, auxiliaryTexts, origin), announced, reason };
    }
    const list = this.newList(request);
    for (const query of value.queries) list.offer(query.text, 'generation', query.logPropensity);
    const auxiliaryTexts = declaredTexts(request, value.auxiliaryTexts);
    return { list, auxiliaryTexts, written: value, announced, reason: list.full ? undefined : 'GENERATION_SHORT' };
  }

  private newList({ count, context }: RecommendRequest): RecommendationList {
    return new RecommendationList(count, [context.query, ...context.history.map((turn) => turn.query)]);
  }

  private toWriteRequest(
    { task, count, traffic, explain }: RecommendRequest,
    prompt: { readonly context: SearchContext; readonly cooccurrenceQueries: readonly string[] },
  ): WriteRequest {
    return { taskId: task.id, ...prompt, count, pool: choosePool(this.pools, task.id, traffic), includePrompt: explain };
  }
}
