import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackMember } from './zip.mjs';

const CONTENT = Buffer.from('weights '.repeat(1_000));

/** An archive with one deflated and one stored member. */
function archive(): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, method, data] of [
    ['other.txt', 0, Buffer.from('other')],
    ['model/weights.gguf', 8, deflateRawSync(CONTENT)],
  ] as const) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const header = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]));
    local.push(header);
    at += header.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(2, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, central, Buffer.from('PK\x05\x06'), end]);
}

describe('unpackMember', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gqr-zip-'));
    writeFileSync(join(folder, 'a.zip'), archive());
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('unpacks a deflated member and a stored one', async () => {
    const target = join(folder, 'out');
    await unpackMember(join(folder, 'a.zip'), 'model/weights.gguf', target, () => undefined);
    expect(readFileSync(target)).toEqual(CONTENT);
    await unpackMember(join(folder, 'a.zip'), 'other.txt', target, () => undefined);
    expect(readFileSync(target, 'utf8')).toBe('other');
  });

  it('says when the member is not there, or the file is no archive', async () => {
    await expect(unpackMember(join(folder, 'a.zip'), 'absent', join(folder, 'out'), () => undefined)).rejects.toThrow(/no absent/);
    writeFileSync(join(folder, 'b.zip'), 'not an archive');
    await expect(unpackMember(join(folder, 'b.zip'), 'absent', join(folder, 'out'), () => undefined)).rejects.toThrow(/not a ZIP archive/);
  });
});
