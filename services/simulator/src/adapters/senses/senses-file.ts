import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WordSenses } from '../../domain/relevance/word-senses.js';
import { WorldError } from '../world-error.js';

/** First line of the file. */
const MAGIC = 'gqr-senses 1';
const NAME = 'senses.bin';

/** A file of senses: three lines (what it is, dimensions, the words separated by blanks), then one signed byte a number, a row a word. */
export function encodeSenses(words: readonly string[], directions: Int8Array, dimensions: number): Buffer {
  const head = Buffer.from(`${MAGIC}\n${dimensions}\n${words.join(' ')}\n`);
  return Buffer.concat([head, Buffer.from(directions.buffer, directions.byteOffset, directions.length)]);
}

/** What words mean, `<worldDir>/senses.bin`; nothing is known if there is no such file. @throws WorldError */
export function readSenses(worldDir: string): WordSenses {
  const file = join(worldDir, NAME);
  if (!existsSync(file)) return WordSenses.none;
  const bytes = readFileSync(file);
  const lines: string[] = [];
  let from = 0;
  for (let line = 0; line < 3; line++) {
    const end = bytes.indexOf(0x0a, from);
    lines.push(bytes.toString('utf8', from, Math.max(from, end)));
    from = end < 0 ? bytes.length : end + 1;
  }
  const [magic, dimensions = '', words = ''] = lines;
  const all = words.split(' ');
  if (magic !== MAGIC || bytes.length - from !== all.length * Number(dimensions)) {
    const remedy = 'make it again with npm run make-senses, or remove it to do without';
    throw new WorldError([{ file, line: 1, problem: 'is no file of senses, or not all of it', remedy }]);
  }
  return new WordSenses(all, new Int8Array(bytes.buffer, bytes.byteOffset + from, bytes.length - from), Number(dimensions));
}
