import { create, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import type { EventLog, NewRecord } from '@gqr/chassis/event-log/event-log';
import { DeadLetterSchema } from '@gqr/protos/gqr/events/v1/events';
import type { Event } from '../../domain/events/event.js';
import type { EventSink } from '../../domain/ingest/import-events.js';
import type { DeadLetter, DeadLetters } from '../../domain/ingest/ingest.js';
import { PROTOBUF, topics } from '../protobuf/event-codec.js';

const DEAD_LETTERS = 'gqr.dead-letters.v1';
const headers = { 'content-type': PROTOBUF };

function toRecord({ key, ...letter }: DeadLetter): NewRecord {
  const message = create(DeadLetterSchema, { ...letter, offset: BigInt(letter.offset), occurredAt: timestampNow() });
  return { topic: DEAD_LETTERS, key, value: toBinary(DeadLetterSchema, message), headers };
}

/** Writes to the event log: imported events, and what could not be used. */
export class LogSink implements DeadLetters, EventSink {
  constructor(private readonly log: EventLog) {}

  async add(letters: readonly DeadLetter[]): Promise<void> {
    await this.log.append(letters.map(toRecord));
  }

  async append(events: readonly { readonly event: Event; readonly payload: Uint8Array }[]): Promise<void> {
    await this.log.append(events.map(({ event, payload }) => ({ topic: topics[event.kind], key: keyOf(event), value: payload, headers })));
  }
}

/** Records are keyed by session, so that order within one holds; a click may not know its session. */
function keyOf(event: Event): string {
  return event.sessionId !== '' || event.kind !== 'click' ? event.sessionId : event.impressionId;
}
