import { describe, expect, it } from 'vitest';
import { FakeImportLedger, FakeLog } from '../../../test/fakes.js';
import type { UserQuery } from '../events/event.js';
import { EventImporter, type SentEvent, validateEvents } from './import-events.js';

const NOW = Date.UTC(2026, 10, 23);
const bounds = { now: NOW, maxAheadMs: 0 };
const sent = (eventId: string, query = 'tomatoes'): SentEvent => {
  const event: UserQuery = {
    kind: 'user-query',
    eventId,
    sessionId: 's',
    userId: '',
    occurredAt: NOW,
    query,
    origin: 'typed',
    traffic: 'live',
  };
  return { event, payload: Buffer.from(eventId) };
};
const nothing: SentEvent = { event: undefined, payload: new Uint8Array() };

function importer(): { log: FakeLog; importer: EventImporter } {
  const log = new FakeLog();
  return { log, importer: new EventImporter(log, new FakeImportLedger(), log, () => bounds) };
}
const ids = (log: FakeLog): (string | undefined)[] =>
  log.appended.map(({ event }) => (event && 'eventId' in event ? event.eventId : undefined));

describe('an import', () => {
  it('writes every event once, however often it is sent', async () => {
    const { log, importer: events } = importer();
    const first = events.begin();
    await first.add([sent('a'), sent('b'), sent('a')]);
    await first.add([sent('b'), sent('c')]);
    const second = events.begin();
    await second.add([sent('a'), sent('b'), sent('c')]);
    expect(ids(log)).toEqual(['a', 'b', 'c']);
    expect(first.result().imported).toBe(3);
    expect(second.result().imported).toBe(0);
  });

  it('writes every event once when two imports of it run at the same time', async () => {
    const { log, importer: events } = importer();
    await Promise.all([events.begin().add([sent('a'), sent('b')]), events.begin().add([sent('b'), sent('a')])]);
    expect(ids(log)).toEqual(['a', 'b']);
  });

  it('sets faulty events aside and says which of the whole stream they are', async () => {
    const { log, importer: events } = importer();
    const run = events.begin();
    await run.add([sent('a'), sent('', '')]);
    await run.add([nothing]);
    expect(run.result()).toMatchObject({
      imported: 1,
      rejected: 2,
      faults: [
        { index: 1, field: 'event_id' },
        { index: 1, field: 'query' },
        { index: 2, field: 'event' },
      ],
    });
    expect(log.letters).toMatchObject([
      { topic: 'import', offset: 1, reason: 'event_id: is required; query: is required' },
      { topic: 'import', offset: 2 },
    ]);
  });

  it('tells the first 100 faults and counts them all', async () => {
    const run = importer().importer.begin();
    for (let portion = 0; portion < 3; portion++) await run.add(Array.from({ length: 50 }, () => sent('', 'tomatoes')));
    expect(run.result().faults).toHaveLength(100);
    expect(run.result().rejected).toBe(150);
  });
});

it('validation finds the same faults without importing', () => {
  expect(validateEvents([sent('a'), nothing, sent('b', '')], bounds)).toMatchObject([
    { index: 1, field: 'event' },
    { index: 2, field: 'query' },
  ]);
});
