import type { Recommendation, RecommendResponse, StreamRecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { Problem } from '../api/problem.js';

/** A list of recommended queries from the call on, as far as it has come. */
export interface RecommendedList {
  readonly taskId: string;
  readonly phase: 'waiting' | 'arriving' | 'complete' | 'failed';
  /** Unscored and not clickable for good until the phase is `complete`: only then there is an impression to click on. */
  readonly recommendations: readonly Recommendation[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  /** Present when complete. */
  readonly response?: RecommendResponse;
  /** Present when failed. */
  readonly problem?: Problem;
  /** Milliseconds from the call to the first query, as this page saw it. */
  readonly firstAfterMs?: number;
  /** Milliseconds from the call to the whole list. */
  readonly completeAfterMs?: number;
  /** Clicks by position. */
  readonly clicks: Readonly<Record<number, Click>>;
  /** The query that was clicked while the list was arriving: recorded and asked once it is complete. */
  readonly held?: Recommendation | undefined;
}

export type Click = { readonly state: 'sending' | 'recorded' } | { readonly state: 'failed'; readonly problem: Problem };

export function waitingList(taskId: string): RecommendedList {
  return { taskId, phase: 'waiting', recommendations: [], auxiliaryTexts: {}, clicks: {} };
}

/** The list after one more message of the stream, which came `afterMs` after the call. */
export function received(list: RecommendedList, { event }: StreamRecommendResponse, afterMs: number): RecommendedList {
  switch (event.case) {
    case 'auxiliaryTexts':
      return { ...list, phase: 'arriving', auxiliaryTexts: { ...list.auxiliaryTexts, ...event.value.texts } };
    case 'recommendation':
      return { firstAfterMs: afterMs, ...list, phase: 'arriving', recommendations: [...list.recommendations, event.value] };
    case 'response':
      return completed(list, event.value, afterMs);
    case undefined:
      return list;
  }
}

export function completed(list: RecommendedList, response: RecommendResponse, afterMs: number): RecommendedList {
  return {
    firstAfterMs: afterMs,
    ...list,
    phase: 'complete',
    recommendations: response.recommendations,
    auxiliaryTexts: response.auxiliaryTexts,
    response,
    completeAfterMs: afterMs,
  };
}

export function failed(list: RecommendedList, problem: Problem): RecommendedList {
  return { ...list, phase: 'failed', problem };
}

export function clicked(list: RecommendedList, position: number, click: Click): RecommendedList {
  return { ...list, clicks: { ...list.clicks, [position]: click } };
}
