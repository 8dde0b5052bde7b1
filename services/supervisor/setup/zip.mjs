import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

// Of the ZIP format only what a wheel needs (APPNOTE 4.3): no encryption, no ZIP64, stored or deflated members.
const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER_BYTES = 30;
const LONGEST_END = 22 + 65535;
const DEFLATED = 8;

/** A file is not an archive that can be read, or lacks the member. */
export class ZipError extends Error {
  /** @override */
  name = 'ZipError';
}

/**
 * @typedef {object} Member
 * @property {number} method 0 stored, 8 deflated
 * @property {number} compressedBytes
 * @property {number} headerAt where its local header stands
 */

/**
 * @param {Buffer} directory
 * @param {string} name
 * @returns {Member}
 */
function findMember(directory, name) {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === DIRECTORY_ENTRY;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    if (directory.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      return {
        method: directory.readUInt16LE(at + 10),
        compressedBytes: directory.readUInt32LE(at + 20),
        headerAt: directory.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw new ZipError(`there is no ${name} in the archive`);
}

/**
 * Unpacks one member of an archive.
 * @param {string} archive
 * @param {string} name of the member
 * @param {string} target overwritten if it exists
 * @param {(done: number, total: number) => void} onProgress told of compressed bytes
 */
export async function unpackMember(archive, name, target, onProgress) {
  const file = await open(archive, 'r');
  let member;
  let dataAt;
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, LONGEST_END));
    await file.read(tail, 0, tail.length, size - tail.length);
    const signature = Buffer.alloc(4);
    signature.writeUInt32LE(END_OF_DIRECTORY);
    const end = tail.lastIndexOf(signature);
    if (end < 0) throw new ZipError('not a ZIP archive');
    const directory = Buffer.alloc(tail.readUInt32LE(end + 12));
    await file.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
    member = findMember(directory, name);
    const header = Buffer.alloc(LOCAL_HEADER_BYTES);
    await file.read(header, 0, header.length, member.headerAt);
    // The local header's extra field differs from the directory's.
    dataAt = member.headerAt + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await file.close();
  }
  const { compressedBytes, method } = member;
  const packed = createReadStream(archive, { start: dataAt, end: dataAt + compressedBytes - 1, highWaterMark: 2 ** 20 });
  let done = 0;
  packed.on('data', (chunk) => onProgress((done += chunk.length), compressedBytes));
  if (method === DEFLATED) await pipeline(packed, createInflateRaw(), createWriteStream(target));
  else await pipeline(packed, createWriteStream(target));
}
