import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MemoryEventLog } from '../src/event-log/memory-event-log.js';
import { SqliteEventLog } from '../src/event-log/sqlite-event-log.js';
import { eventLogContract } from './event-log.contract.js';

let path = '';
const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'gqr-log-')), 'events.sqlite');

eventLogContract('MemoryEventLog', () => Promise.resolve(new MemoryEventLog()));
eventLogContract(
  'SqliteEventLog',
  () => {
    path = fresh();
    return Promise.resolve(new SqliteEventLog({ path }));
  },
  () => Promise.resolve(new SqliteEventLog({ path })),
);

it.each([true, false])('loses no acknowledged record when the process that appends is killed, synced: %j', async (synced) => {
  const file = fresh();
  const script = `
    import { SqliteEventLog } from ${JSON.stringify(new URL('../src/event-log/sqlite-event-log.js', import.meta.url).href)};
    const log = new SqliteEventLog({ path: process.argv[1] });
    for (let i = 0; ; i++) {
      await log.append([{ topic: 'a', key: 's', value: Buffer.from(String(i)), headers: {} }], { synced: ${String(synced)} });
      process.stdout.write(i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = '';
  child.stdout.on('data', (chunk: Buffer) => {
    acknowledged += chunk.toString();
    if (acknowledged.split('\n').length > 100) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  const last = Number(acknowledged.trimEnd().split('\n').at(-1));
  const log = new SqliteEventLog({ path: file });
  const kept: string[] = [];
  const subscription = await log.subscribe({
    group: 'g',
    topics: ['a'],
    maxRecords: 10_000,
    lingerMs: 60_000,
    onError: () => undefined,
    onBatch: async (batch) => {
      kept.push(...batch.records.map((each) => Buffer.from(each.value).toString()));
    },
  });
  await subscription.flush();
  await subscription.close();
  await log.close();
  expect(last).toBeGreaterThanOrEqual(99);
  expect(kept.slice(0, last + 1).map(Number)).toEqual(Array.from({ length: last + 1 }, (_, index) => index));
});
