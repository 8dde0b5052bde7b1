import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, checkRoom, openCache, openWorkFolder } from './cache-folder.mjs';
import { SetupFailure } from './failure.mjs';

describe('cacheFolder', () => {
  it('is the user’s cache folder, unless told otherwise', () => {
    expect(cacheFolder({}, 'linux')).toBe(join(homedir(), '.cache', 'gqr'));
    expect(cacheFolder({}, 'darwin')).toBe(join(homedir(), 'Library', 'Caches', 'gqr'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/xdg' }, 'linux')).toBe('/xdg/gqr');
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux')).toBe(join(homedir(), '.cache', 'gqr'));
    expect(cacheFolder({ XDG_CACHE_HOME: '/xdg', GQR_CACHE: '/mine' }, 'linux')).toBe('/mine');
  });
});

describe('an opened cache', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gqr-cache-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('removes what killed processes left half-finished, and nothing else', async () => {
    mkdirSync(join(folder, 'models'));
    mkdirSync(join(folder, 'partial-99999999-abc'));
    mkdirSync(join(folder, `partial-${String(process.pid)}-abc`));
    const work = await openWorkFolder(folder);
    expect(readdirSync(folder)).not.toContain('partial-99999999-abc');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['models', `partial-${String(process.pid)}-abc`]));
    expect(work.startsWith(join(folder, `partial-${String(process.pid)}-`))).toBe(true);
  });

  it('says what to do when it is no folder', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openCache(join(folder, 'file', 'below'))).rejects.toMatchObject({
      remedy: expect.stringContaining('GQR_CACHE=') as string,
    });
  });

  it('says what to do when the disk has too little room', async () => {
    await expect(checkRoom(folder, 2 ** 60, 'the model')).rejects.toThrow(SetupFailure);
    await expect(checkRoom(folder, 1, 'the model')).resolves.toBeUndefined();
  });
});
