import type { RecordFeedbackRequest as Message } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { FeedbackRequest } from '../../domain/feedback/record-feedback.js';
import { checkMoment, OccurredAtNotAcceptedError } from './check-moment.js';
import { checkText } from './check-text.js';
import { checkId, MAX_QUERY, type ParseOptions, parseTraffic } from './parse-recommend.js';
import { Violations } from './violations.js';

const MAX_IMPRESSION_ID = 160;
const MAX_CLICKS = 50;

/**
 * The feedback as the domain has it.
 * @throws InvalidRequestError with everything that is wrong; else OccurredAtNotAcceptedError
 */
export function parseFeedback(message: Message, options: ParseOptions): FeedbackRequest {
  const violations = new Violations();
  checkText(violations, 'impression_id', message.impressionId, { max: MAX_IMPRESSION_ID, required: true });
  checkId(violations, 'session_id', message.sessionId);
  const traffic = parseTraffic(violations, 'traffic', message.traffic);
  if (message.clicks.length === 0) violations.add('clicks', `must not be empty; send 1 to ${String(MAX_CLICKS)} clicks`);
  if (message.clicks.length > MAX_CLICKS)
    violations.add('clicks', `must have at most ${String(MAX_CLICKS)} clicks; send the rest in another call`);
  const clicks = message.clicks.slice(0, MAX_CLICKS).map(({ position, text, occurredAt }, index) => {
    const field = `clicks[${String(index)}]`;
    if (position === 0 && text === '') violations.add(field, 'must have a position from 1 on, a text, or both');
    checkText(violations, `${field}.text`, text, { max: MAX_QUERY });
    return { position, text, occurredAt: checkMoment(violations, `${field}.occurred_at`, occurredAt, options) };
  });
  violations.throwIfAny();
  const dated = clicks.findIndex(({ occurredAt }) => occurredAt !== undefined);
  if (dated >= 0 && !options.acceptOccurredAt) throw new OccurredAtNotAcceptedError(`clicks[${String(dated)}].occurred_at`);
  return { impressionId: message.impressionId, sessionId: message.sessionId, clicks, traffic };
}
