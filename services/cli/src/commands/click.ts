import { RecommendationService, RecordFeedbackResponseSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type Action, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { readLastImpression } from '../last-impression.js';
import { documentOf } from '../terminal/document.js';

/** What was clicked in which list. */
export interface Clicked {
  /** Id of an impression, or "last". */
  readonly impression: string;
  readonly positions: readonly number[];
  readonly texts: readonly string[];
  readonly session: string;
}

export function click({ impression, positions, texts, session }: Clicked): Action {
  return (context) =>
    withService(context, 'gateway', RecommendationService, async (gateway) => {
      const last = impression === 'last' ? readLastImpression(context.dataDir) : { impressionId: impression, sessionId: '' };
      const clicks = [...positions.map((position) => ({ position })), ...texts.map((text) => ({ text }))];
      const sessionId = session === '' ? last.sessionId : session;
      const answer = await gateway.recordFeedback({ impressionId: last.impressionId, sessionId, clicks }, inTime(context));
      const again = answer.duplicates === 0 ? '' : `, ${String(answer.duplicates)} recorded before`;
      context.terminal.result(documentOf(RecordFeedbackResponseSchema, answer), `${String(answer.recorded)} recorded${again}`);
      return ExitCode.Done;
    });
}
