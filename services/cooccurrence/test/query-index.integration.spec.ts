import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { SqliteQueryIndex } from '../src/adapters/sqlite/sqlite-query-index.js';
import { UnusableSnapshotError } from '../src/domain/snapshot-source.js';
import { FakeQueryIndex } from './fake-query-index.js';
import { queryIndexContract } from './query-index.contract.js';
import { BUILT_AT, WINDOW_END, WINDOW_START, writeSnapshot } from './snapshot-file.js';

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'gqr-snapshot-')), 'snapshot.sqlite');
const small = { version: 'v1', next: { a: { b: 1 } }, popular: {} };

queryIndexContract('FakeQueryIndex', (dictionary) => Promise.resolve(new FakeQueryIndex(dictionary)));
queryIndexContract('SqliteQueryIndex', (dictionary) => {
  const path = fresh();
  writeSnapshot(path, dictionary);
  return Promise.resolve(SqliteQueryIndex.open(path, dictionary.version));
});

describe('a snapshot file', () => {
  it('tells when it was built and from which window', async () => {
    const path = fresh();
    writeSnapshot(path, small);
    const index = SqliteQueryIndex.open(path, 'v1');
    expect(index.info).toMatchObject({ builtAt: BUILT_AT, windowStart: WINDOW_START, windowEnd: WINDOW_END });
    await index.close();
  });

  it('may know popular queries alone', async () => {
    const path = fresh();
    writeSnapshot(path, { version: 'v1', next: {}, popular: { weather: 3 } });
    const index = SqliteQueryIndex.open(path, 'v1');
    expect(await index.popular(5)).toEqual([{ text: 'weather', count: 3 }]);
    await index.close();
  });

  it.each<[string, (path: string) => void]>([
    ['is missing', () => undefined],
    ['is no database', (path) => writeFileSync(path, 'nonsense')],
    [
      'is cut short',
      (path) => {
        writeSnapshot(path, small);
        truncateSync(path, 5_000);
      },
    ],
    [
      'has a newer format',
      (path) => {
        writeSnapshot(path, small);
        new DatabaseSync(path).exec('PRAGMA user_version = 2');
      },
    ],
    [
      'lacks a table',
      (path) => {
        writeSnapshot(path, small);
        new DatabaseSync(path).exec('DROP TABLE popular_queries');
      },
    ],
    [
      'claims queries that it does not have',
      (path) => {
        writeSnapshot(path, small);
        new DatabaseSync(path).exec('DELETE FROM next_queries');
      },
    ],
  ])('is refused when it %s', (_what, spoil) => {
    const path = fresh();
    spoil(path);
    expect(() => SqliteQueryIndex.open(path, 'v1')).toThrow(UnusableSnapshotError);
  });
});
