import type { FieldViolation } from '@gqr/chassis/errors';
import { type Event, idOf } from '../events/event.js';
import { type Bounds, faultsOf } from '../events/faults.js';
import type { DeadLetter, DeadLetters } from './ingest.js';

/** An event that somebody sent, as the domain knows it and as the log will carry it; no event if the message held none. */
export interface SentEvent {
  readonly event: Event | undefined;
  readonly payload: Uint8Array;
}

/** Something wrong with the event at `index` of what was sent. */
export interface EventFault extends FieldViolation {
  readonly index: number;
}

export interface ImportResult {
  readonly imported: number;
  readonly rejected: number;
  readonly faults: readonly EventFault[];
}

/** Where imported events go: the event log. */
export interface EventSink {
  /** Durable when it resolves. */
  append(events: readonly { readonly event: Event; readonly payload: Uint8Array }[]): Promise<void>;
}

/** Remembers which events were imported. */
export interface ImportLedger {
  /** Those of `ids` that are not in the ledger. */
  unknown(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Durable when it resolves. */
  add(ids: readonly string[]): Promise<void>;
}

const MAX_FAULTS = 100;
/** What stands for the topic in a dead letter of an import. */
const ORIGIN = 'import';

function faultsOfSent({ event }: SentEvent, bounds: Bounds): readonly FieldViolation[] {
  if (event === undefined) return [{ field: 'event', description: 'is missing: set exactly one of user_query, impression, click' }];
  return faultsOf(event, bounds);
}

/** All that is wrong with events, in their order. */
export function validateEvents(sent: readonly SentEvent[], bounds: Bounds): EventFault[] {
  return sent.flatMap((each, index) => faultsOfSent(each, bounds).map((fault) => ({ ...fault, index })));
}

/** One import: a stream of events in portions. Not to be used by two callers. */
export interface EventImport {
  /** Durable when it resolves. */
  add(portion: readonly SentEvent[]): Promise<void>;
  result(): ImportResult;
}

/**
 * Writes events to the log, each id once. An event is in the log before its id is in the ledger: a crash in between lets a repeated
 * import write it twice, which changes nothing either, since whatever reads the events takes each id once.
 */
export class EventImporter {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly sink: EventSink,
    private readonly ledger: ImportLedger,
    private readonly deadLetters: DeadLetters,
    private readonly bounds: () => Bounds,
  ) {}

  begin(): EventImport {
    let seen = 0;
    let imported = 0;
    let rejected = 0;
    const faults: EventFault[] = [];
    return {
      add: async (portion) => {
        const found = validateEvents(portion, this.bounds());
        const bad = new Map(Map.groupBy(found, ({ index }) => index));
        const good = portion.filter((_, index) => !bad.has(index));
        imported += await this.inTurn(() => this.write(good));
        const letters = [...bad].map(([index, reasons]) => toLetter(portion, index, seen + index, reasons));
        if (letters.length > 0) await this.deadLetters.add(letters);
        rejected += bad.size;
        faults.push(...found.slice(0, MAX_FAULTS - faults.length).map((fault) => ({ ...fault, index: seen + fault.index })));
        seen += portion.length;
      },
      result: () => ({ imported, rejected, faults }),
    };
  }

  /** Two imports of the same events at the same time must not both find them unknown. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async write(sent: readonly SentEvent[]): Promise<number> {
    const byId = new Map<string, { event: Event; payload: Uint8Array }>();
    for (const { event, payload } of sent) {
      if (event === undefined) continue;
      const id = `${event.kind} ${idOf(event)}`;
      if (!byId.has(id)) byId.set(id, { event, payload });
    }
    const unknown = await this.ledger.unknown([...byId.keys()]);
    if (unknown.size === 0) return 0;
    await this.sink.append([...byId].filter(([id]) => unknown.has(id)).map(([, each]) => each));
    await this.ledger.add([...unknown]);
    return unknown.size;
  }
}

function toLetter(portion: readonly SentEvent[], index: number, offset: number, reasons: readonly FieldViolation[]): DeadLetter {
  const sent = portion[index];
  const reason = reasons.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return { topic: ORIGIN, partition: 0, offset, key: sent?.event?.sessionId ?? '', reason, payload: sent?.payload ?? new Uint8Array() };
}
