import { create } from '@bufbuild/protobuf';
import { TurnSchema } from '@gqr/protos/gqr/context/v1/context';
import { type QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import { type RecommendRequest, RecommendRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type Answer, textOf } from './answer.js';
import type { RecommendedList } from './recommended-list.js';

/** One exchange of a conversation with what was recommended after it. */
export interface Turn {
  readonly id: number;
  readonly query: string;
  readonly origin: QueryOrigin;
  readonly answer: Answer;
  /** Follow-ups of the answer, or refinements of the draft. */
  readonly main: RecommendedList;
  /** The hint for the search box; asked for once `main` is there. */
  readonly hint?: RecommendedList | undefined;
}

/** The place of a list within its turn. */
export type Place = 'main' | 'hint';

/** The longest query, answer and history that the contract takes, in characters (Unicode code points) and turns. */
export const LIMITS = { query: 2_000, response: 20_000, history: 200 } as const;

/** Asks for a list for the turn that comes after `earlier`. The explanation comes along, so that showing it needs no second impression. */
export function requestFor(taskId: string, turn: Turn, earlier: readonly Turn[], sessionId: string): RecommendRequest {
  return create(RecommendRequestSchema, {
    taskId,
    query: turn.query,
    response: textOf(turn.answer),
    history: earlier
      .filter(({ main }) => !isRefused(main))
      .slice(-LIMITS.history)
      .map(({ query, answer }) => create(TurnSchema, { query, response: textOf(answer) })),
    sessionId,
    explain: true,
    queryOrigin: turn.origin,
    traffic: Traffic.LIVE,
  });
}

/** The gateway found a fault in the turn itself. As history it would have every later request refused. */
function isRefused({ problem }: RecommendedList): boolean {
  return problem !== undefined && problem.violations.length > 0;
}
