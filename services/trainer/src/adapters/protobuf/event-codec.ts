import { type DescMessage, fromBinary, fromJsonString, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { messageOf } from '@gqr/chassis/errors';
import {
  type Click as ClickMessage,
  ClickSchema,
  type Event as EventMessage,
  type Impression as ImpressionMessage,
  ImpressionSchema,
  QueryOrigin as OriginMessage,
  Source as SourceMessage,
  Traffic as TrafficMessage,
  type UserQuery as UserQueryMessage,
  UserQuerySchema,
} from '@gqr/protos/gqr/events/v1/events';
import type { Click, Event, EventKind, Impression, Source, Traffic, UserQuery } from '../../domain/events/event.js';
import type { DecodedRecord } from '../../domain/ingest/ingest.js';

/** Topic of each kind of event. */
export const topics: Readonly<Record<EventKind, string>> = {
  'user-query': 'gqr.user-queries.v1',
  impression: 'gqr.impressions.v1',
  click: 'gqr.clicks.v1',
};

export const PROTOBUF = 'application/x-protobuf';
export const JSON_MAPPING = 'application/json';

/** Largest message that is read; gRPC callers can't send larger ones either. */
const MAX_BYTES = 4 * 2 ** 20;

const utf8 = new TextDecoder('utf-8', { fatal: true });

const trafficOf = (traffic: TrafficMessage): Traffic => (traffic === TrafficMessage.SIMULATED ? 'simulated' : 'live');

const sources: Readonly<Record<SourceMessage, Source>> = {
  [SourceMessage.UNSPECIFIED]: 'unspecified',
  [SourceMessage.GENERATION]: 'generation',
  [SourceMessage.COOCCURRENCE]: 'cooccurrence',
  [SourceMessage.POPULAR]: 'popular',
};

function momentOf(message: { readonly occurredAt?: Parameters<typeof timestampMs>[0] | undefined }): number {
  return message.occurredAt === undefined ? NaN : timestampMs(message.occurredAt);
}

function toUserQuery(message: UserQueryMessage): UserQuery {
  const { eventId, sessionId, userId, query, origin, traffic } = message;
  const how = origin === OriginMessage.RECOMMENDATION ? 'recommendation' : 'typed';
  return { kind: 'user-query', eventId, sessionId, userId, occurredAt: momentOf(message), query, origin: how, traffic: trafficOf(traffic) };
}

function toImpression(message: ImpressionMessage): Impression {
  const { context, queries, traffic } = message;
  return {
    ...message,
    kind: 'impression',
    occurredAt: momentOf(message),
    query: context?.query ?? '',
    response: context?.response ?? '',
    history: context?.history ?? [],
    sideInformation: context?.sideInformation ?? {},
    // An enum of a newer contract may have values that this one has no name for.
    queries: queries.map((shown) => ({ ...shown, source: (sources as Partial<typeof sources>)[shown.source] ?? 'unspecified' })),
    traffic: trafficOf(traffic),
  };
}

function toClick(message: ClickMessage): Click {
  const { eventId, impressionId, sessionId, position, traffic } = message;
  return { kind: 'click', eventId, impressionId, sessionId, occurredAt: momentOf(message), position, traffic: trafficOf(traffic) };
}

/** An event of the contract as the domain knows it, and as the log carries it; undefined if it holds none. */
export function fromEventMessage({ event }: EventMessage): { event: Event; payload: Uint8Array } | undefined {
  switch (event.case) {
    case 'userQuery':
      return { event: toUserQuery(event.value), payload: toBinary(UserQuerySchema, event.value) };
    case 'impression':
      return { event: toImpression(event.value), payload: toBinary(ImpressionSchema, event.value) };
    case 'click':
      return { event: toClick(event.value), payload: toBinary(ClickSchema, event.value) };
    case undefined:
      return undefined;
  }
}

function parse<D extends DescMessage>(schema: D, payload: Uint8Array, contentType: string): MessageShape<D> {
  if (payload.byteLength > MAX_BYTES) throw new Error(`it has ${String(payload.byteLength)} bytes, at most ${String(MAX_BYTES)} are read`);
  if (contentType === PROTOBUF) return fromBinary(schema, payload);
  // An unknown field of the JSON mapping is an error, since it mostly is a misspelt one; those of Protobuf are kept and ignored.
  if (contentType === JSON_MAPPING) return fromJsonString(schema, utf8.decode(payload));
  throw new Error(`content-type ${JSON.stringify(contentType.slice(0, 80))} is unknown; use ${PROTOBUF} or ${JSON_MAPPING}`);
}

function decodeEvent(kind: EventKind, payload: Uint8Array, contentType: string): Event {
  switch (kind) {
    case 'user-query':
      return toUserQuery(parse(UserQuerySchema, payload, contentType));
    case 'impression':
      return toImpression(parse(ImpressionSchema, payload, contentType));
    case 'click':
      return toClick(parse(ClickSchema, payload, contentType));
  }
}

/** Reads a record's value. `contentType` is that of its header, Protobuf if it has none. */
export function decode(kind: EventKind, payload: Uint8Array, contentType = PROTOBUF): DecodedRecord['content'] {
  try {
    return { event: decodeEvent(kind, payload, contentType) };
  } catch (error) {
    return { fault: `it can't be read: ${messageOf(error)}` };
  }
}
