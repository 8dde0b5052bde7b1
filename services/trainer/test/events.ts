import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { NewRecord } from '@gqr/chassis/event-log/event-log';
import {
  ClickSchema,
  type Event as EventMessage,
  EventSchema,
  ImpressionSchema,
  QueryOrigin,
  Traffic,
  UserQuerySchema,
} from '@gqr/protos/gqr/events/v1/events';
import { topics } from '../src/adapters/protobuf/event-codec.js';

/** Moment at which the events of the tests begin. */
export const BEGIN = Date.UTC(2026, 10, 2, 8);
export const MINUTE = 60_000;
export const DAY = 86_400_000;

const headers = { 'content-type': 'application/x-protobuf' };
type Init = MessageInitShape<typeof EventSchema>;

export function userQuery(
  id: string,
  sessionId: string,
  at: number,
  query: string,
  more: MessageInitShape<typeof UserQuerySchema> = {},
): EventMessage {
  const origin = QueryOrigin.TYPED;
  const value = { eventId: id, sessionId, occurredAt: timestampFromMs(at), query, origin, traffic: Traffic.SIMULATED, ...more };
  return create(EventSchema, { event: { case: 'userQuery', value } });
}

export function impression(
  id: string,
  at: number,
  queries: readonly string[],
  more: MessageInitShape<typeof ImpressionSchema> = {},
): EventMessage {
  const value = {
    impressionId: id,
    sessionId: `s-${id}`,
    occurredAt: timestampFromMs(at),
    taskId: 'suggestion',
    context: { query: 'how to grow tomatoes', response: 'Plenty of sun.', history: [{ query: 'garden', response: '' }] },
    queries: queries.map((text, index) => ({ text, position: index + 1, clickProbability: 0.1 })),
    auxiliaryTexts: {},
    traffic: Traffic.SIMULATED,
    ...more,
  };
  return create(EventSchema, { event: { case: 'impression', value } } as Init);
}

export function click(impressionId: string, position: number, at: number): EventMessage {
  const value = {
    eventId: `${impressionId}#${String(position)}`,
    impressionId,
    position,
    occurredAt: timestampFromMs(at),
    traffic: Traffic.SIMULATED,
  };
  return create(EventSchema, { event: { case: 'click', value } });
}

/** An event as the gateway writes it to the log. */
export function toRecord({ event }: EventMessage): NewRecord {
  switch (event.case) {
    case 'userQuery':
      return { topic: topics['user-query'], key: event.value.sessionId, value: toBinary(UserQuerySchema, event.value), headers };
    case 'impression':
      return { topic: topics.impression, key: event.value.sessionId, value: toBinary(ImpressionSchema, event.value), headers };
    case 'click':
      return { topic: topics.click, key: event.value.sessionId, value: toBinary(ClickSchema, event.value), headers };
    case undefined:
      throw new Error('no event');
  }
}
