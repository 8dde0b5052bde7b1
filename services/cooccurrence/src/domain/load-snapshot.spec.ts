import { describe, expect, it } from 'vitest';
import { FakeQueryIndex } from '../../test/fake-query-index.js';
import { SnapshotLoader } from './load-snapshot.js';
import type { QueryIndex } from './query-index.js';
import { ServingIndex } from './serving-index.js';
import { SnapshotNotFoundError, type SnapshotSource, UnusableSnapshotError } from './snapshot-source.js';

/** Snapshots by version; "bad" ones are refused. */
class FakeSnapshotSource implements SnapshotSource {
  readonly opened: string[] = [];
  constructor(readonly stable: string[]) {}

  stableVersions(): Promise<readonly string[]> {
    return Promise.resolve(this.stable);
  }

  open(version: string): Promise<QueryIndex> {
    this.opened.push(version);
    if (version.startsWith('bad')) return Promise.reject(new UnusableSnapshotError(`${version} is damaged`));
    return Promise.resolve(new FakeQueryIndex({ version, next: {}, popular: {} }));
  }
}

function loaderOf(...stable: string[]): { loader: SnapshotLoader; serving: ServingIndex; source: FakeSnapshotSource; refused: string[] } {
  const source = new FakeSnapshotSource(stable);
  const serving = new ServingIndex();
  const refused: string[] = [];
  const loader = new SnapshotLoader(source, serving, { serving: () => undefined, refused: (version) => refused.push(version) });
  return { loader, serving, source, refused };
}

describe('loading a snapshot', () => {
  it('serves the version that was asked for, or the stable one', async () => {
    const { loader, serving } = loaderOf('v2', 'v1');
    expect((await loader.load('v1')).version).toBe('v1');
    expect((await loader.load('')).version).toBe('v2');
    expect(serving.info.version).toBe('v2');
  });

  it('goes on serving the old one when the new one is damaged', async () => {
    const { loader, serving, refused } = loaderOf();
    await loader.load('v1');
    await expect(loader.load('bad')).rejects.toThrow(UnusableSnapshotError);
    expect(serving.info.version).toBe('v1');
    expect(refused).toEqual(['bad']);
  });

  it('does not open again what serves already', async () => {
    const { loader, source } = loaderOf();
    await loader.load('v1');
    await loader.load('v1');
    expect(source.opened).toEqual(['v1']);
  });

  it('serves what was asked for last when several are asked for at once', async () => {
    const { loader, serving } = loaderOf();
    await Promise.allSettled([loader.load('v1'), loader.load('bad'), loader.load('v2')]);
    expect(serving.info.version).toBe('v2');
  });

  it('says so when there is no stable snapshot', async () => {
    await expect(loaderOf().loader.load('')).rejects.toThrow(SnapshotNotFoundError);
  });
});

describe('at start', () => {
  it('serves the latest stable snapshot that is sound', async () => {
    const { loader, serving, refused } = loaderOf('bad-3', 'v2', 'v1');
    await loader.loadAtStart();
    expect(serving.info.version).toBe('v2');
    expect(refused).toEqual(['bad-3']);
  });

  it('serves without any when there is none, or none is sound', async () => {
    for (const { loader, serving } of [loaderOf(), loaderOf('bad-1')]) {
      await loader.loadAtStart();
      expect(serving.info.version).toBe('none');
    }
  });
});
