import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { fromJsonString } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { EventSchema, Source, Traffic } from '@gqr/protos/gqr/events/v1/events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWorld } from '../src/adapters/yaml/topic-files.js';
import { WORLD_DIR } from './shipped-world.js';

const COMMAND = fileURLToPath(new URL('../src/starter-events.js', import.meta.url));
const SCAN = fileURLToPath(new URL('../src/scan-leaks.js', import.meta.url));
const run = promisify(execFile);

describe('the starter sessions', () => {
  let folder: string;
  let first: Buffer;
  const write = async (name: string, ...more: string[]): Promise<Buffer> => {
    const out = join(folder, name);
    await run(process.execPath, [COMMAND, '--out', out, '--world', WORLD_DIR, '--sessions', '60', '--earlier', '300', ...more]);
    return readFileSync(out);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'starter-'));
    first = await write('first.jsonl.gz');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are events in order of time, within two weeks, labelled as simulated and as made without a model', () => {
    const lines = gunzipSync(first).toString().trim().split('\n');
    const events = lines.map((line) => fromJsonString(EventSchema, line).event);
    const moments = events.map(({ value }) => (value?.occurredAt === undefined ? 0 : timestampMs(value.occurredAt)));
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect(new Date(moments[0] ?? 0).getTime()).toBeGreaterThan(Date.UTC(2026, 10, 8));
    expect(new Date(moments.at(-1) ?? 0).getTime()).toBeLessThan(Date.UTC(2026, 10, 23, 1));
    expect(new Set(events.map(({ value }) => value?.traffic))).toEqual(new Set([Traffic.SIMULATED]));
    const lists = events.flatMap((event) => (event.case === 'impression' ? [event.value] : []));
    const sources = new Set(lists.flatMap(({ queries }) => queries.map(({ source }) => source)));
    expect(sources).toEqual(new Set([Source.COOCCURRENCE, Source.POPULAR]));
    expect(lists.every(({ degradedReason, modelVersions }) => degradedReason !== '' && modelVersions.length === 0)).toBe(true);
    const clicks = events.flatMap((event) => (event.case === 'click' ? [event.value] : []));
    const shown = new Map(lists.map(({ impressionId, queries }) => [impressionId, queries.length]));
    expect(clicks.length).toBeGreaterThan(0);
    expect(clicks.every(({ impressionId, position }) => position <= (shown.get(impressionId) ?? 0))).toBe(true);
  });

  it('hold nothing that only the simulator may know', { timeout: 120_000 }, async () => {
    const scan = (file: string) => run(process.execPath, [SCAN, `--world=${WORLD_DIR}`, join(folder, file)]);
    expect((await scan('first.jsonl.gz')).stdout).toMatch(/1 files, \d{3,} hidden words, 0 leaks/);
    const { intents } = readWorld(WORLD_DIR).searchTopics[0] ?? {};
    writeFileSync(join(folder, 'features.jsonl'), `{"query":"hello","note":"${intents?.[0]?.need ?? ''}"}\n`);
    await expect(scan('features.jsonl')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/which only the simulator may know/) as string,
    });
  });

  it('can have in each list what followed its query on earlier days, and are otherwise the same', { timeout: 120_000 }, async () => {
    const eventsIn = (file: Buffer) =>
      gunzipSync(file)
        .toString()
        .trim()
        .split('\n')
        .map((line) => fromJsonString(EventSchema, line));
    const events = eventsIn(await write('cooccurrence.jsonl.gz', '--cooccurrence', '1'));
    const typedBefore = new Map<string, number>();
    let known = 0;
    for (const { event } of events) {
      if (event.value?.occurredAt === undefined) continue;
      const day = Math.floor(timestampMs(event.value.occurredAt) / 86_400_000);
      if (event.case === 'userQuery') typedBefore.set(event.value.query, Math.min(day, typedBefore.get(event.value.query) ?? day));
      if (event.case !== 'impression') continue;
      const { cooccurrenceQueries } = event.value;
      known += cooccurrenceQueries.length;
      for (const query of cooccurrenceQueries) expect(typedBefore.get(query)).toBeLessThan(day);
      event.value.cooccurrenceQueries = [];
    }
    expect(known).toBeGreaterThan(0);
    expect(events).toEqual(eventsIn(first));
  });

  it('are the same bytes for the same options', { timeout: 120_000 }, async () => {
    expect((await write('again.jsonl.gz')).equals(first)).toBe(true);
  });
});
