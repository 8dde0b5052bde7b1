import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Event, EventSchema, QueryOrigin, Source, Traffic } from '@gqr/protos/gqr/events/v1/events';
import type { SessionRecord, ShownRecord } from '../../domain/starter/record-session.js';

const traffic = Traffic.SIMULATED;
/** Why the lists are less than they could be, in the words of the gateway. */
const WITHOUT_MODEL = 'GENERATION_UNAVAILABLE';

interface Visit {
  readonly sessionId: string;
  readonly userId: string;
  readonly startsAt: Date;
}

const eventOf = (event: NonNullable<MessageInitShape<typeof EventSchema>['event']>): Event => create(EventSchema, { event });

function eventsOfList(record: ShownRecord, impressionId: string, { sessionId, userId, startsAt }: Visit): Event[] {
  const moment = (seconds: number) => timestampFromDate(new Date(startsAt.getTime() + Math.round(seconds * 1000)));
  const { task, query, response, history, queries, clicks } = record;
  const impression = {
    impressionId,
    sessionId,
    userId,
    occurredAt: moment(record.seconds),
    taskId: task,
    context: { query, response, history: history.map((turn) => ({ ...turn })) },
    queries: queries.map(({ text, source }, at) => ({
      text,
      position: at + 1,
      source: source === 'cooccurrence' ? Source.COOCCURRENCE : Source.POPULAR,
    })),
    degradedReason: WITHOUT_MODEL,
    traffic,
  };
  const click = (position: number) => ({
    eventId: `${impressionId}#${position}`,
    impressionId,
    sessionId,
    occurredAt: moment(record.clickSeconds),
    position,
    traffic,
  });
  return [
    eventOf({ case: 'impression', value: impression }),
    ...clicks.map((position) => eventOf({ case: 'click', value: click(position) })),
  ];
}

/** What a gateway would have logged of a session. */
export function eventsOf(records: readonly SessionRecord[], visit: Visit): Event[] {
  const { sessionId, userId, startsAt } = visit;
  return records.flatMap((record, at): Event[] => {
    if (record.kind === 'shown') return eventsOfList(record, `${sessionId}-i${at}`, visit);
    const { query } = record;
    const origin = record.origin === 'typed' ? QueryOrigin.TYPED : QueryOrigin.RECOMMENDATION;
    const occurredAt = timestampFromDate(new Date(startsAt.getTime() + Math.round(record.seconds * 1000)));
    return [
      eventOf({ case: 'userQuery', value: { eventId: `${sessionId}-q${at}`, sessionId, userId, occurredAt, query, origin, traffic } }),
    ];
  });
}
