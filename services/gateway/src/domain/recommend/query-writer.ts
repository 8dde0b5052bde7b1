import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ModelVersion, SearchContext } from '../context.js';
import type { Decoding } from '../journal.js';

/** A pool of lists from which one is drawn. */
export interface Pool {
  /** Lists kept; 0 or 1 writes a new one for every call. */
  readonly size: number;
  /** What two requests share that draw from the same pool: the whole prompt, or the current query and its answer alone. */
  readonly key: 'prompt' | 'query';
}

export interface WriteRequest {
  readonly taskId: string;
  readonly context: SearchContext;
  readonly cooccurrenceQueries: readonly string[];
  readonly count: number;
  readonly pool: Pool;
  readonly includePrompt: boolean;
}

export interface WrittenQuery {
  readonly text: string;
  readonly logPropensity: number | undefined;
}

/** What writing a list cost. */
export interface Usage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly redraws: number;
}

/** A whole list. */
export interface WrittenList {
  readonly queries: readonly WrittenQuery[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly policy: ModelVersion | undefined;
  readonly promptVersion: string;
  readonly decoding: Decoding | undefined;
  readonly usage: Usage | undefined;
  /** Empty unless it was asked for. */
  readonly prompt: string;
}

/** Who writes a list and how. */
export type ListOrigin = Pick<WrittenList, 'policy' | 'promptVersion' | 'decoding'>;

/** A piece of a list that is complete, or, before the first, where the list comes from. */
export type WrittenPiece =
  | ({ readonly kind: 'started' } & ListOrigin)
  | { readonly kind: 'auxiliary_text'; readonly name: string; readonly text: string }
  | ({ readonly kind: 'query' } & WrittenQuery);

/** The language model. */
export interface QueryWriter {
  /**
   * Writes a list, telling of each piece as soon as it is complete. A list that was already at hand may come without pieces.
   * @throws DependencyError, CallEndedError; the pieces that came before are good
   */
  write(request: WriteRequest, limits: CallLimits, onPiece: (piece: WrittenPiece) => void): Promise<WrittenList>;
}

export const QUERY_WRITER = Symbol('QueryWriter');
