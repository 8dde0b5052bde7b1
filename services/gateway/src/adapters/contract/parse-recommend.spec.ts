import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import { RecommendRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { describe, expect, it } from 'vitest';
import { hint, suggestion } from '../../../test/fakes/tasks.js';
import { Task } from '../../domain/tasks/task.js';
import { parseRecommend } from './parse-recommend.js';

type Init = MessageInitShape<typeof RecommendRequestSchema>;

const NOW = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 24 * 3_600_000;
/** As a client of a later contract could send it: query_origin 9 and traffic 9. */
const unknown = fromBinary(RecommendRequestSchema, Buffer.of(10 << 3, 9, 12 << 3, 9));
const tasks = [new Task(hint), new Task(suggestion)];

function parse(change: Init, path?: string, acceptOccurredAt = true) {
  const message = create(RecommendRequestSchema, { taskId: 'suggestion', query: 'solar panels', ...change });
  return parseRecommend(message, tasks, { acceptOccurredAt, now: () => NOW, maxAheadMs: DAY_MS }, path);
}

/** Field and description of everything that is wrong. */
function violationsOf(change: Init, path?: string): string[] {
  try {
    parse(change, path);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.violations.map(({ field, description }) => `${field}: ${description}`);
    throw error;
  }
  return [];
}

describe('a request', () => {
  it('gets what it leaves out: the number of queries of the task, a typed query, live traffic', () => {
    expect(parse({})).toMatchObject({ count: 3, origin: 'typed', traffic: 'live', occurredAt: undefined, sessionId: '' });
  });

  it('keeps what it has', () => {
    const request = parse({
      response: 'Panels turn light into power.',
      history: [{ query: 'what is a kilowatt', response: 'A unit.' }],
      sessionId: 's',
      userId: 'u',
      count: 8,
      sideInformation: { locale: 'en-GB' },
      explain: true,
      queryOrigin: QueryOrigin.RECOMMENDATION,
      traffic: Traffic.SIMULATED,
      occurredAt: timestampFromMs(NOW - 5),
    });
    expect(request).toMatchObject({
      task: tasks[1],
      context: {
        query: 'solar panels',
        response: 'Panels turn light into power.',
        history: [{ query: 'what is a kilowatt', response: 'A unit.' }],
        sideInformation: { locale: 'en-GB' },
      },
      count: 8,
      sessionId: 's',
      userId: 'u',
      explain: true,
      origin: 'recommendation',
      traffic: 'simulated',
      occurredAt: NOW - 5,
    });
  });

  it.each([
    ['a query of 2,000 characters outside the basic plane', { query: '\u{1F600}'.repeat(2_000) }],
    ['tabs and line breaks', { query: 'first line\r\n\tsecond line' }],
    ['an answer that quotes control characters', { response: 'form feed \f and escape \u001b[0m' }],
    ['200 turns of history', { history: Array.from({ length: 200 }, () => ({ query: 'q' })) }],
    ['a turn without a query', { history: [{ response: 'Hello! How can I help?' }] }],
    ['ids of 128 characters', { sessionId: 'é'.repeat(128), userId: 'u'.repeat(128) }],
    ['text in any script', { query: '太阳能电池板 מחיר 🙂' }],
  ])('may have %s', (_, change) => {
    expect(violationsOf(change)).toEqual([]);
  });

  it.each<[string, Init, string]>([
    ['no task', { taskId: '' }, 'task_id: must not be empty; ask for one of: hint, suggestion'],
    ['no query', { query: '' }, 'query: must not be empty; send 1 to 2,000 characters'],
    ['a query of white space', { query: ' \n\t ' }, 'query: must not be empty; send 1 to 2,000 characters'],
    ['a query of 2,001 characters', { query: 'é'.repeat(2_001) }, 'query: must have at most 2,000 characters; shorten it'],
    ['a query of 2,001 emoji', { query: '\u{1F600}'.repeat(2_001) }, 'query: must have at most 2,000 characters; shorten it'],
    [
      'a control character',
      { query: 'a\u0000b' },
      'query: has the control character U+0000; remove control characters other than tab and line breaks',
    ],
    [
      'a control character in an earlier query',
      { history: [{ query: 'ok' }, { query: '\u001b[31m' }] },
      'history[1].query: has the control character U+001B; remove control characters other than tab and line breaks',
    ],
    ['an unpaired surrogate', { query: 'a\ud800' }, 'query: has an unpaired surrogate; send valid Unicode'],
    ['an unpaired surrogate in an answer', { response: '\udfff' }, 'response: has an unpaired surrogate; send valid Unicode'],
    ['too long an answer', { response: 'x'.repeat(20_001) }, 'response: must have at most 20,000 characters; shorten it'],
    [
      'too long an answer in the history',
      { history: [{ query: 'q', response: 'x'.repeat(20_001) }] },
      'history[0].response: must have at most 20,000 characters; shorten it',
    ],
    [
      '10,000 turns of history',
      { history: Array.from({ length: 10_000 }, () => ({ query: '\u0000' })) },
      'history: must have at most 200 turns and has 10,000; send the newest',
    ],
    ['too long a session id', { sessionId: 's'.repeat(129) }, 'session_id: must have at most 128 characters; shorten it'],
    [
      'a control character in an id',
      { userId: 'u\u0007' },
      'user_id: has the control character U+0007; remove control characters other than tab and line breaks',
    ],
    ['more queries than the task has', { count: 9 }, 'count: must be at most 8 for suggestion; 0 asks for 3'],
    [
      'undeclared side information',
      { sideInformation: { city: 'x' } },
      'side_information["city"]: suggestion does not take it; it takes: locale',
    ],
    [
      'side information for a task that takes none',
      { taskId: 'hint', sideInformation: { city: 'x' } },
      'side_information["city"]: hint does not take it; it takes none',
    ],
    [
      'too long a side information',
      { sideInformation: { locale: 'x'.repeat(2_001) } },
      'side_information["locale"]: must have at most 2,000 characters; shorten it',
    ],
    [
      'too much side information',
      { sideInformation: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`n${String(index)}`, 'x'])) },
      'side_information: must have at most 16 entries',
    ],
    ['an unknown origin', { queryOrigin: unknown.queryOrigin }, 'query_origin: must be QUERY_ORIGIN_TYPED or QUERY_ORIGIN_RECOMMENDATION'],
    ['an unknown traffic', { traffic: unknown.traffic }, 'traffic: must be TRAFFIC_LIVE or TRAFFIC_SIMULATED'],
    [
      'a moment in another millennium',
      { occurredAt: { seconds: BigInt(NOW), nanos: 0 } },
      'occurred_at: must be a moment from 2000-01-01 to 24 h from now; leave it out for now',
    ],
    [
      'a moment before the web',
      { occurredAt: { seconds: 0n, nanos: 0 } },
      'occurred_at: must be a moment from 2000-01-01 to 24 h from now; leave it out for now',
    ],
    [
      'a moment so far ahead that training would set it aside',
      { occurredAt: timestampFromMs(NOW + DAY_MS + 1) },
      'occurred_at: must be a moment from 2000-01-01 to 24 h from now; leave it out for now',
    ],
    [
      'a moment with two seconds of nanoseconds',
      { occurredAt: { seconds: BigInt(NOW / 1000), nanos: 2_000_000_000 } },
      'occurred_at: must be a moment from 2000-01-01 to 24 h from now; leave it out for now',
    ],
  ])('may not have %s', (_, change, violation) => {
    expect(violationsOf(change)).toEqual([violation]);
  });

  it('may come from a clock that runs ahead', () => {
    expect(parse({ occurredAt: timestampFromMs(NOW + DAY_MS) }).occurredAt).toBe(NOW + DAY_MS);
  });

  it('is told of everything that is wrong at once, the limits of its task included', () => {
    const fields = violationsOf({ query: '', sessionId: 's'.repeat(129), count: 99, history: [{ query: '\u0001' }] });
    expect(fields.map((line) => line.split(':')[0])).toEqual(['query', 'history[0].query', 'session_id', 'count']);
  });

  it('is told of no more than fits an answer, and how much more there is', () => {
    const fields = violationsOf({ history: Array.from({ length: 20 }, () => ({ query: '\u0001' })) });
    expect([fields.length, fields.at(-1)]).toEqual([9, '(more): 12 further violations are not listed']);
  });

  it('gets the names of fields with the path that it came by', () => {
    expect(violationsOf({ query: '' }, 'request.')).toEqual(['request.query: must not be empty; send 1 to 2,000 characters']);
  });

  it('does not have a name that it chose thrown back at it in full', () => {
    const [line] = violationsOf({ sideInformation: { ['x'.repeat(100_000)]: '' } });
    expect(line?.length).toBeLessThan(200);
  });

  it('for a task that is not there is not found, once all else is right', () => {
    expect(() => parse({ taskId: 'nope' })).toThrow('no task has this id; ask for one of: hint, suggestion');
    expect(violationsOf({ taskId: 'nope', query: '' })).toHaveLength(1);
  });

  it('with a time of its own is refused unless replays are allowed', () => {
    expect(() => parse({ occurredAt: timestampFromMs(NOW) }, '', false)).toThrow('set GQR_GATEWAY_ACCEPT_OCCURRED_AT=true');
  });
});
