import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A line of a text file. */
export interface Line {
  /** 1-based. */
  readonly number: number;
  /** Undefined when it is not UTF-8. */
  readonly text: string | undefined;
}

const NEWLINE = 0x0a;
const GZIP_MAGIC = 0x1f8b;

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE(0) === GZIP_MAGIC;
  } finally {
    await file.close();
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Lines of a file, unpacked if it is gzipped, in memory that does not grow with the file.
 * @param onBytes told of bytes read from disk
 * @throws Error when the file cannot be read or unpacked to its end
 */
export async function* readLines(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Line> {
  const packed = await isGzip(path);
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  // The callback is where errors would be lost; the iteration below sees them.
  const bytes: Readable = packed ? pipeline(file, createGunzip(), () => undefined) : file;
  let rest: Buffer[] = [];
  let number = 0;
  let told = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    onBytes(file.bytesRead - told);
    told = file.bytesRead;
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield { number: ++number, text: decode(Buffer.concat([...rest, chunk.subarray(from, end)])) };
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield { number: number + 1, text: decode(Buffer.concat(rest)) };
}
