import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { RecordFeedbackRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { describe, expect, it } from 'vitest';
import { parseFeedback } from './parse-feedback.js';

type Init = MessageInitShape<typeof RecordFeedbackRequestSchema>;

const NOW = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 24 * 3_600_000;

function parse(change: Init, acceptOccurredAt = true) {
  const message = create(RecordFeedbackRequestSchema, { impressionId: 'id', clicks: [{ position: 1 }], ...change });
  return parseFeedback(message, { acceptOccurredAt, now: () => NOW, maxAheadMs: DAY_MS });
}

function violationsOf(change: Init): string[] {
  try {
    parse(change);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.violations.map(({ field, description }) => `${field}: ${description}`);
    throw error;
  }
  return [];
}

describe('feedback', () => {
  it('keeps clicks by position, by text, and with a time of their own', () => {
    const clicks = [{ position: 1 }, { text: 'b', occurredAt: timestampFromMs(NOW - 1) }];
    expect(parse({ clicks, sessionId: 's' })).toEqual({
      impressionId: 'id',
      sessionId: 's',
      clicks: [
        { position: 1, text: '', occurredAt: undefined },
        { position: 0, text: 'b', occurredAt: NOW - 1 },
      ],
      traffic: 'live',
    });
  });

  it.each<[string, Init, string]>([
    ['no impression', { impressionId: '' }, 'impression_id: must not be empty; send 1 to 160 characters'],
    ['too long an impression id', { impressionId: 'x'.repeat(161) }, 'impression_id: must have at most 160 characters; shorten it'],
    ['no click', { clicks: [] }, 'clicks: must not be empty; send 1 to 50 clicks'],
    [
      '51 clicks',
      { clicks: Array.from({ length: 51 }, () => ({ position: 1 })) },
      'clicks: must have at most 50 clicks; send the rest in another call',
    ],
    ['a click on nothing', { clicks: [{ position: 1 }, {}] }, 'clicks[1]: must have a position from 1 on, a text, or both'],
    ['too long a text', { clicks: [{ text: 'x'.repeat(2_001) }] }, 'clicks[0].text: must have at most 2,000 characters; shorten it'],
    [
      'a click in the far future',
      { clicks: [{ position: 1, occurredAt: timestampFromMs(NOW * 2) }] },
      'clicks[0].occurred_at: must be a moment from 2000-01-01 to 24 h from now; leave it out for now',
    ],
    ['too long a session id', { sessionId: 's'.repeat(129) }, 'session_id: must have at most 128 characters; shorten it'],
  ])('may not have %s', (_, change, violation) => {
    expect(violationsOf(change)).toEqual([violation]);
  });

  it('with a time of its own is refused unless replays are allowed', () => {
    const clicks = [{ position: 1 }, { position: 2, occurredAt: timestampFromMs(NOW) }];
    expect(() => parse({ clicks }, false)).toThrow('clicks[1].occurred_at: this gateway takes the time from its own clock');
  });
});
