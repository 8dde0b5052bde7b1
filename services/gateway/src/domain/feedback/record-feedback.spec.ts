import { randomBytes } from 'node:crypto';
import { type CallLimits, unlimited, within } from '@gqr/chassis/grpc/call';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeJournal } from '../../../test/fakes/fake-journal.js';
import { ImpressionIds } from '../impression-id/impression-id.js';
import { RecentClicks } from './recent-clicks.js';
import { type ClickReport, type FeedbackRequest, RecordFeedback } from './record-feedback.js';

const NOW = 1_795_000_000_000;
const ids = new ImpressionIds(Buffer.alloc(32, 1), { random: randomBytes, now: () => NOW });
const LIST = ['solar panel cost', 'solar panel lifespan'];

let journal: FakeJournal;
let feedback: RecordFeedback;
let impressionId: string;

beforeEach(() => {
  journal = new FakeJournal();
  feedback = new RecordFeedback(journal, ids, new RecentClicks(100), { defaultDeadlineMs: 10_000, now: () => NOW });
  impressionId = ids.issue(LIST);
});

function click(change: Partial<ClickReport>): ClickReport {
  return { position: 0, text: '', occurredAt: undefined, ...change };
}

function request(clicks: readonly ClickReport[], change: Partial<FeedbackRequest> = {}): FeedbackRequest {
  return { impressionId, sessionId: 'session-1', clicks, traffic: 'live', ...change };
}

const record = (clicks: readonly ClickReport[], limits: CallLimits = unlimited) => feedback.record(request(clicks), limits);

describe('a click', () => {
  it.each([
    ['its position', { position: 2 }],
    ['its text', { text: 'solar panel lifespan' }],
    ['both', { position: 2, text: 'solar panel lifespan' }],
  ])('is found by %s', async (_, report) => {
    expect(await record([click(report)])).toEqual({ recorded: 1, duplicates: 0 });
    expect(journal.clicks).toEqual([
      { eventId: `${impressionId}#2`, impressionId, sessionId: 'session-1', occurredAt: NOW, position: 2, traffic: 'live' },
    ]);
  });

  it('is one click however often and in whatever way it is sent', async () => {
    expect(await record([click({ position: 1 }), click({ text: 'solar panel cost' })])).toEqual({ recorded: 1, duplicates: 1 });
    expect(await record([click({ position: 1 })])).toEqual({ recorded: 0, duplicates: 1 });
    expect(journal.clicks).toHaveLength(1);
  });

  it('keeps the time at which it happened', async () => {
    await record([click({ position: 1, occurredAt: 1_700_000_000_000 })]);
    expect(journal.clicks[0]?.occurredAt).toBe(1_700_000_000_000);
  });

  it('on what was not shown is refused with its field, and so are those sent with it', async () => {
    const answer = record([
      click({ position: 1 }),
      click({ position: 3 }),
      click({ text: 'solar panels' }),
      click({ position: 1, text: 'solar panel lifespan' }),
    ]);
    await expect(answer).rejects.toMatchObject({
      violations: [
        { field: 'clicks[1].position', description: 'was not shown: the list had 2 queries; send a position from 1 on' },
        { field: 'clicks[2].text', description: 'was not shown in this impression; send Recommendation.text as it came' },
        { field: 'clicks[3].text', description: 'was not shown at position 1; send Recommendation.text as it came' },
      ],
    });
    expect(journal.clicks).toEqual([]);
  });

  it('on an impression that was not issued here is refused', async () => {
    const forged = new ImpressionIds(Buffer.alloc(32, 2), { random: randomBytes, now: () => NOW }).issue(LIST);
    await expect(feedback.record(request([click({ position: 1 })], { impressionId: forged }), unlimited)).rejects.toThrow(
      'no such impression',
    );
  });

  it('that could not be made durable is not acknowledged, and counts as new when it comes again', async () => {
    journal.fail('unavailable');
    await expect(record([click({ position: 1 })])).rejects.toMatchObject({ reason: 'LOG_UNAVAILABLE' });
    journal.fail(undefined);
    expect(await record([click({ position: 1 })])).toEqual({ recorded: 1, duplicates: 0 });
  });

  it('is not recorded for a caller whose deadline had passed on arrival', async () => {
    const late = within(unlimited, -1000);
    await expect.poll(() => late.signal.aborted).toBe(true);
    await expect(record([click({ position: 1 })], late)).rejects.toMatchObject({ why: 'deadline' });
    expect(journal.clicks).toEqual([]);
  });

  it('is not waited for beyond the default deadline', async () => {
    journal.delayMs = 600_000;
    const hasty = new RecordFeedback(journal, ids, new RecentClicks(100), { defaultDeadlineMs: 30, now: () => NOW });
    await expect(hasty.record(request([click({ position: 1 })]), unlimited)).rejects.toMatchObject({ reason: 'LOG_TIMEOUT' });
  });
});
