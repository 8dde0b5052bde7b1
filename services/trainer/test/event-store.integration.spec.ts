import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DuckDb } from '../src/adapters/duckdb/duckdb.js';
import { ParquetEventStore } from '../src/adapters/duckdb/parquet-event-store.js';
import { decode } from '../src/adapters/protobuf/event-codec.js';
import type { Event, UserQuery } from '../src/domain/events/event.js';
import type { EventBatch } from '../src/domain/ingest/event-store.js';
import { BEGIN, click, DAY, impression, toRecord } from './events.js';

const TOPIC = 'gqr.user-queries.v1';
const duckdb = new DuckDb({ memoryLimit: '256MB', threads: 1, temporaryFolder: mkdtempSync(join(tmpdir(), 'gqr-duckdb-')) });

const asked = (eventId: string, query = 'tomatoes', occurredAt = BEGIN): UserQuery => ({
  kind: 'user-query',
  eventId,
  sessionId: 's',
  userId: '',
  occurredAt,
  query,
  origin: 'typed',
  traffic: 'live',
});
const batchOf = (firstOffset: number, ...events: Event[]): EventBatch => ({
  kind: events[0]?.kind ?? 'user-query',
  topic: TOPIC,
  partition: 0,
  firstOffset,
  lastOffset: firstOffset + events.length - 1,
  events: events.map((event, index) => ({ offset: firstOffset + index, event })),
});

describe('the event store', () => {
  let root: string;
  let store: ParquetEventStore;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'gqr-events-'));
    store = new ParquetEventStore(root, duckdb);
  });
  const select = (statement: string): Promise<unknown[]> =>
    duckdb.use(async (connection) => (await connection.runAndReadAll(statement.replaceAll('ROOT', root))).getRowObjectsJS());
  const ids = async (): Promise<unknown[]> => {
    const found = await store.files('user-query', BEGIN - DAY, BEGIN + 9 * DAY);
    if (found.length === 0) return [];
    const rows = await select(`SELECT event_id FROM read_parquet([${found.map((path) => `'${path}'`).join(', ')}]) ORDER BY log_offset`);
    return rows.map((row) => (row as { event_id: string }).event_id);
  };

  it('writes a file for every day, named by topic, partition and offsets', async () => {
    await store.write(batchOf(100, asked('a'), asked('b', 'q', BEGIN + DAY), asked('c')));
    expect(readdirSync(join(root, 'user-queries'))).toEqual(['day=2026-11-02', 'day=2026-11-03']);
    expect(readdirSync(join(root, 'user-queries', 'day=2026-11-02'))).toEqual([`${TOPIC}-0-100-102.parquet`]);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(await select("SELECT query_key, epoch_ms(occurred_at) AS at FROM 'ROOT/user-queries/*/*.parquet' WHERE event_id = 'b'")).toEqual(
      [{ query_key: 'q', at: BigInt(BEGIN + DAY) }],
    );
  });

  it('keeps every field of an impression', async () => {
    const record = toRecord(
      impression('i1', BEGIN, ['a', 'b'], {
        userId: 'u',
        cooccurrenceQueries: ['c1'],
        auxiliaryTexts: { prefix: 'make it' },
        modelVersions: [{ kind: 'ctr', version: 'v1' }],
        promptVersion: 'p',
        decoding: { temperature: 0.5, topP: 0.9, minP: 0.1, seed: 18_446_744_073_709_551_615n, poolSize: 4 },
        experimentArms: [{ experiment: 'e', arm: 'x' }],
        degradedReason: 'CTR_UNAVAILABLE',
      }),
    );
    const decoded = decode('impression', record.value);
    await store.write({ ...batchOf(0), kind: 'impression', events: 'event' in decoded ? [{ offset: 0, event: decoded.event }] : [] });
    const [row] = await select(`
      SELECT query, response, history[1].query AS turn, queries, query_count, shown[2].position AS second, shown[1].click_probability AS p,
        shown[1].log_propensity AS propensity, auxiliary_texts['prefix'] AS prefix, model_versions[1].version AS model, decoding.seed AS seed,
        experiment_arms[1].arm AS arm, degraded_reason, traffic
      FROM 'ROOT/impressions/*/*.parquet'`);
    expect(row).toEqual({
      query: 'how to grow tomatoes',
      response: 'Plenty of sun.',
      turn: 'garden',
      queries: ['a', 'b'],
      query_count: 2,
      second: 2,
      p: 0.1,
      propensity: null,
      prefix: 'make it',
      model: 'v1',
      seed: 18_446_744_073_709_551_615n,
      arm: 'x',
      degraded_reason: 'CTR_UNAVAILABLE',
      traffic: 'simulated',
    });
  });

  it.each(['quote " and \\ and \n and \t', 'zero \u0000 byte', '{"json": true}', '👩‍👩‍👧 東京 naïve \u202e', "'; DROP TABLE x; --", '\u2028'])(
    'keeps the text %j as it is',
    async (text) => {
      await store.write(batchOf(0, asked('a', text)));
      expect(await select("SELECT query FROM 'ROOT/user-queries/*/*.parquet'")).toEqual([{ query: text }]);
    },
  );

  it('replaces an attempt that was not acknowledged, though the next one holds more records', async () => {
    await store.write(batchOf(5, asked('a'), asked('b')));
    await store.write(batchOf(5, asked('a'), asked('b'), asked('c')));
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('deletes at start what was written but not acknowledged, and what was half written', async () => {
    await store.write(batchOf(0, asked('a'), asked('b')));
    await store.write(batchOf(2, asked('c', 'q', BEGIN), asked('d', 'q', BEGIN + DAY)));
    writeFileSync(join(root, '.writing', 'x.parquet'), 'half');
    const again = new ParquetEventStore(root, duckdb);
    expect(await again.recover('user-query', TOPIC, 0, 2)).toEqual({ deleted: 2, setAside: 0 });
    expect(await ids()).toEqual(['a', 'b']);
    expect(readdirSync(root)).toEqual(['user-queries']);
  });

  it('sets aside what the log no longer leads up to, since it may never come again', async () => {
    await store.write(batchOf(0, asked('a')));
    await store.write(batchOf(1, asked('b')));
    expect(await new ParquetEventStore(root, duckdb).recover('user-query', TOPIC, 0, 0)).toEqual({ deleted: 1, setAside: 1 });
    expect(await ids()).toEqual([]);
    expect(await select("SELECT event_id FROM 'ROOT/.set-aside/*/user-queries/*/*.parquet'")).toEqual([{ event_id: 'b' }]);
  });

  it('leaves other partitions and topics alone', async () => {
    await store.write({ ...batchOf(7, asked('a')), partition: 1 });
    await store.write({ ...batchOf(7, asked('b')), topic: `${TOPIC}-0` });
    expect(await store.recover('user-query', TOPIC, 0, 7)).toEqual({ deleted: 0, setAside: 0 });
    expect((await ids()).sort()).toEqual(['a', 'b']);
  });

  it('holds no files of a batch in which nothing could be used', async () => {
    await store.write(batchOf(0));
    expect(await ids()).toEqual([]);
  });
});

describe('the decoder', () => {
  const { value } = toRecord(click('i1', 2, BEGIN));
  const json = (text: string): Uint8Array => Buffer.from(text);

  it('reads Protobuf, and the JSON mapping when the header says so', () => {
    const event = { kind: 'click', eventId: 'i1#2', impressionId: 'i1', position: 2, occurredAt: BEGIN, traffic: 'simulated' };
    expect(decode('click', value)).toMatchObject({ event });
    const text = `{"eventId":"i1#2","impressionId":"i1","position":2,"occurredAt":"2026-11-02T08:00:00Z","traffic":"TRAFFIC_SIMULATED"}`;
    expect(decode('click', json(text), 'application/json')).toMatchObject({ event });
  });

  it.each<[string, Uint8Array, string | undefined, RegExp]>([
    ['bytes that are no message', Buffer.from([0xff, 0xff]), undefined, /can't be read/],
    ['a misspelt JSON field', json('{"impresionId":"i1"}'), 'application/json', /impresionId/],
    ['JSON that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'application/json', /can't be read/],
    ['an enum name that does not exist', json('{"traffic":"TRAFFIC_BOTS"}'), 'application/json', /TRAFFIC_BOTS/],
    ['another content type', value, 'application/avro', /content-type "application\/avro" is unknown/],
    ['a message of 5 MB', new Uint8Array(5_000_000), undefined, /at most 4194304 are read/],
  ])('says why it can’t read %s', (_what, payload, contentType, reason) => {
    const decoded = decode('click', payload, contentType);
    expect('fault' in decoded && decoded.fault).toMatch(reason);
  });

  it('refuses text that is not UTF-8', () => {
    const bytes = Buffer.from(value);
    bytes[bytes.indexOf('i1#2')] = 0xff;
    expect(decode('click', bytes)).toHaveProperty('fault');
  });
});
