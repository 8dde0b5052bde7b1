import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingLog } from '../src/adapters/files/rotating-log.js';
import { readOrMakeSecret } from '../src/adapters/files/secret-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gqr-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const fail = (error: unknown): void => {
  throw error;
};

describe('RotatingLog', () => {
  it('keeps the latest files and no more of them than it should', () => {
    const log = new RotatingLog(join(folder, 'logs', 'ctr.log'), fail, { maxBytes: 10, keep: 2 });
    for (const line of ['first...\n', 'second..\n', 'third...\n', 'fourth..\n']) log.write(Buffer.from(line));
    log.close();
    expect(readdirSync(join(folder, 'logs')).sort()).toEqual(['ctr.log', 'ctr.log.1', 'ctr.log.2']);
    expect(readFileSync(join(folder, 'logs', 'ctr.log'), 'utf8')).toBe('fourth..\n');
    expect(readFileSync(join(folder, 'logs', 'ctr.log.2'), 'utf8')).toBe('second..\n');
    expect(log.lastLines(2)).toEqual(['third...', 'fourth..']);
  });

  it('goes on in the file of an earlier run', () => {
    for (const line of ['one\n', 'two\n']) {
      const log = new RotatingLog(join(folder, 'ctr.log'), fail);
      log.write(Buffer.from(line));
      log.close();
    }
    expect(readFileSync(join(folder, 'ctr.log'), 'utf8')).toBe('one\ntwo\n');
  });

  it('tells of a disk that refuses it and lets the service go on', () => {
    const errors: unknown[] = [];
    const log = new RotatingLog('/dev/full', (error) => errors.push(error));
    log.write(Buffer.from('a line\n'));
    expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
  });
});

describe('readOrMakeSecret', () => {
  it('makes a secret that only its owner can read, and finds it again', () => {
    const secret = readOrMakeSecret(folder, 'secret');
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
    expect(readOrMakeSecret(folder, 'secret')).toBe(secret);
    expect(readdirSync(folder)).toEqual(['secret']);
  });
});
