import { fromJsonString } from '@bufbuild/protobuf';
import { type Event, EventSchema } from '@gqr/protos/gqr/events/v1/events';
import type { Line } from './read-lines.js';

/** Something wrong with a line. */
export interface LineFault {
  readonly line: number;
  readonly field: string;
  readonly description: string;
}

/** Events that are sent together, each with the line that it stands on. */
export interface EventBatch {
  readonly events: Event[];
  readonly lines: number[];
}

/** The contract allows this many events in a message. */
const MAX_EVENTS = 1_000;
/** Impressions can be large: a message stays well below what a server takes. */
const MAX_CHARACTERS = 2 ** 20;

/** The event on a line; what is wrong with it if there is none. */
export function parseEvent(text: string): Event | string {
  try {
    const event = fromJsonString(EventSchema, text);
    return event.event.case === undefined ? 'holds no event: one of "userQuery", "impression" and "click" is needed' : event;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Events of lines in batches. Empty lines are passed over; lines that hold no event are told to `onFault` and left out. */
export async function* batchEvents(lines: AsyncIterable<Line>, onFault: (fault: LineFault) => void): AsyncGenerator<EventBatch> {
  let batch: EventBatch = { events: [], lines: [] };
  let characters = 0;
  for await (const { number, text } of lines) {
    if (text?.trim() === '') continue;
    const event = text === undefined ? 'is not UTF-8' : parseEvent(text);
    if (typeof event === 'string') {
      onFault({ line: number, field: '', description: event });
      continue;
    }
    const size = text?.length ?? 0;
    if (batch.events.length >= MAX_EVENTS || (batch.events.length > 0 && characters + size > MAX_CHARACTERS)) {
      yield batch;
      batch = { events: [], lines: [] };
      characters = 0;
    }
    batch.events.push(event);
    batch.lines.push(number);
    characters += size;
  }
  if (batch.events.length > 0) yield batch;
}
