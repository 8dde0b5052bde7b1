import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ImpressionIds, MAX_LIST_LENGTH } from './impression-id.js';

const SECRET = Buffer.alloc(32, 7);
const NOW = Date.UTC(2026, 10, 23, 12);

/** Ids with a fixed clock and the same bytes for every random draw. */
function fixedIds(secret = SECRET, random = 0): ImpressionIds {
  return new ImpressionIds(secret, { random: (bytes) => new Uint8Array(bytes).fill(random), now: () => NOW });
}

const ids = new ImpressionIds(SECRET, { random: randomBytes, now: Date.now });
const LIST = ['solar panel cost', 'solar panel lifespan', 'are solar panels worth it?'];

/** The id with bit `bit` flipped. */
function flip(id: string, bit: number): string {
  const bytes = Buffer.from(id, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return bytes.toString('base64url');
}

describe('an impression id', () => {
  it('says how many queries were shown, which, and where', () => {
    const shown = ids.open(ids.issue(LIST));
    expect(shown?.length).toBe(3);
    expect(LIST.map((text) => shown?.positionOf(text))).toEqual([1, 2, 3]);
    expect(shown?.shows(2, 'solar panel lifespan')).toBe(true);
  });

  it('knows what was not shown', () => {
    const shown = fixedIds().open(fixedIds().issue(LIST));
    expect(shown?.positionOf('solar panels')).toBeUndefined();
    expect(shown?.shows(1, 'solar panel lifespan')).toBe(false);
    expect([0, 4, -1, 1.5].map((position) => shown?.shows(position, LIST[0] ?? ''))).toEqual([false, false, false, false]);
  });

  it('is a UUIDv7 of its moment at the beginning', () => {
    const bytes = Buffer.from(fixedIds(SECRET, 0xff).issue(LIST), 'base64url');
    expect(bytes.readUIntBE(0, 6)).toBe(NOW);
    expect(bytes.toString('hex', 6, 16)).toBe('7fffbfffffffffffffff');
  });

  it('differs from every other, the same list at the same moment included', () => {
    const now = (): number => NOW;
    const source = new ImpressionIds(SECRET, { random: randomBytes, now });
    expect(new Set(Array.from({ length: 1000 }, () => source.issue(LIST))).size).toBe(1000);
  });

  it('can be opened by another replica that has the secret', () => {
    expect(fixedIds().open(ids.issue(LIST))?.positionOf('solar panel cost')).toBe(1);
  });

  it('cannot be opened under another secret', () => {
    const other = Buffer.from(SECRET);
    other.writeUInt8(8, 31);
    expect(fixedIds(other).open(fixedIds().issue(LIST))).toBeUndefined();
  });

  it('does not survive the change of any bit', () => {
    const id = fixedIds().issue(LIST);
    const bits = Buffer.from(id, 'base64url').length * 8;
    const survivors = Array.from({ length: bits }, (_, bit) => bit).filter((bit) => fixedIds().open(flip(id, bit)) !== undefined);
    expect(survivors).toEqual([]);
  });

  it('does not survive being cut or lengthened at any place', () => {
    const id = fixedIds().issue(LIST);
    const cut = Array.from({ length: id.length }, (_, length) => id.slice(0, length));
    const lengthened = ['A', 'AA', 'AAA', 'AAAA', '=', ' ', '\n'].flatMap((more) => [id + more, more + id]);
    expect([...cut, ...lengthened].filter((candidate) => fixedIds().open(candidate) !== undefined)).toEqual([]);
  });

  it('has no second spelling', () => {
    const source = new ImpressionIds(SECRET, { random: (bytes) => new Uint8Array(bytes).fill(0xfb), now: () => NOW });
    const id = source.issue(LIST);
    expect(id).toMatch(/[-_]/);
    const spellings = [
      id.replaceAll('-', '+').replaceAll('_', '/'),
      `${id}==`,
      `${id.slice(0, 5)} ${id.slice(5)}`,
      `${id.slice(0, 5)}!${id.slice(5)}`,
      `${id.slice(0, 5)}\u{1F600}${id.slice(5)}`,
    ];
    expect(spellings.filter((spelling) => source.open(spelling) !== undefined)).toEqual([]);
  });

  it('cannot be put together from two others', () => {
    const short = Buffer.from(ids.issue(['a', 'b', 'c']), 'base64url');
    const other = Buffer.from(ids.issue(['d', 'e', 'f']), 'base64url');
    const forged = Buffer.concat([short.subarray(0, 17), other.subarray(17)]).toString('base64url');
    expect(ids.open(forged)).toBeUndefined();
  });

  it.each(['', 'x', 'not an id', '\u0000', 'A'.repeat(36), '\u{1F600}'.repeat(50), 'A'.repeat(160)])('is not %j', (text) => {
    expect(ids.open(text)).toBeUndefined();
  });

  it('takes texts in any language', () => {
    const list = ['Wie viel kostet das? \u{1F600}', '太阳能电池板价格'];
    expect(ids.open(ids.issue(list))?.positionOf('太阳能电池板价格')).toBe(2);
  });

  it('has at most 160 characters for the longest list, and there is none for a longer or an empty one', () => {
    const longest = Array.from({ length: MAX_LIST_LENGTH }, (_, index) => `query ${String(index)}`);
    const id = ids.issue(longest);
    expect(id.length).toBeLessThanOrEqual(160);
    expect(ids.open(id)?.positionOf('query 46')).toBe(47);
    expect(() => ids.issue([...longest, 'one more'])).toThrow(RangeError);
    expect(() => ids.issue([])).toThrow(RangeError);
  });

  it('is not issued under a short secret', () => {
    expect(() => new ImpressionIds(Buffer.alloc(31), { random: randomBytes, now: Date.now })).toThrow('at least 32 bytes');
  });
});
