import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GgufError, halfToNumber, numberToHalf, readLayout, requantize, requantizeBlocks } from './gguf.mjs';

function text(value: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([length, Buffer.from(value)]);
}
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const F32 = 0;
const Q4_0 = 2;
const Q4_1 = 3;
const Q8_0 = 8;

/** A GGUF file with a few metadata values of every shape and the tensors given. */
function gguf(tensors: { name: string; dimensions: number[]; type: number; data: Buffer }[]): Buffer {
  const metadata = [
    [text('general.architecture'), u32(8), text('llama')],
    [text('tokens'), u32(9), u32(8), u64(2), text('a'), text('bc')],
    [text('scores'), u32(9), u32(6), u64(3), Buffer.alloc(12)],
    [text('general.file_type'), u32(4), u32(3)],
    [text('flag'), u32(7), Buffer.from([1])],
  ];
  let offset = 0;
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  for (const tensor of tensors) {
    infos.push(text(tensor.name), u32(tensor.dimensions.length), ...tensor.dimensions.map(u64), u32(tensor.type), u64(offset));
    const padded = Buffer.alloc(Math.ceil(tensor.data.length / 32) * 32);
    tensor.data.copy(padded);
    data.push(padded);
    offset += padded.length;
  }
  const header = Buffer.concat([u32(0x46554747), u32(3), u64(tensors.length), u64(metadata.length), ...metadata.flat(), ...infos]);
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), ...data]);
}

/** Two Q4_1 blocks. The second has scale 0: all its weights are its minimum. */
const BLOCKS = Buffer.concat([
  Buffer.from([0x00, 0x30, 0x00, 0xb8]), // scale 0.125, minimum -0.5
  Buffer.from(Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4))),
  Buffer.from([0x00, 0x00, 0x66, 0x2e]),
  Buffer.alloc(16, 0x77),
]);

describe('half precision', () => {
  it('survives a round trip for every non-negative finite number', () => {
    const wrong = Array.from({ length: 0x7c00 }, (_, bits) => bits).filter((bits) => numberToHalf(halfToNumber(bits)) !== bits);
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest, ties to the even one, too large numbers to infinity', () => {
    expect(numberToHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(numberToHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(numberToHalf(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
    expect(numberToHalf(2 - 2 ** -12)).toBe(0x4000);
    expect(numberToHalf(65_520)).toBe(0x7c00);
    expect(numberToHalf(2 ** -25)).toBe(0);
  });
});

describe('requantizeBlocks', () => {
  const result = requantizeBlocks(BLOCKS);

  it('keeps every weight to within half a step of the new scale', () => {
    const scale = halfToNumber(result.readUInt16LE(0));
    // Weights run from -0.5 to 1.375; the largest is 127 steps.
    expect(scale).toBeCloseTo(1.375 / 127, 5);
    const weights = Array.from({ length: 32 }, (_, i) => scale * result.readInt8(2 + i));
    const expected = Array.from({ length: 32 }, (_, i) => (i < 16 ? i : 31 - i) * 0.125 - 0.5);
    weights.forEach((weight, i) => {
      expect(Math.abs(weight - (expected[i] ?? NaN))).toBeLessThan(scale * 0.51);
    });
  });

  it('uses the whole range for a block of equal weights', () => {
    const weights = Array.from({ length: 32 }, (_, i) => result.readInt8(34 + 2 + i));
    expect(new Set(weights)).toEqual(new Set([127]));
  });
});

describe('requantize', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gqr-gguf-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function requantized(file: Buffer): Promise<Buffer> {
    writeFileSync(join(folder, 'in.gguf'), file);
    await requantize(join(folder, 'in.gguf'), join(folder, 'out.gguf'), () => undefined);
    return readFileSync(join(folder, 'out.gguf'));
  }

  it('keeps metadata, full-precision and Q8_0 tensors, and rewrites Q4_1 tensors', async () => {
    const norm = Buffer.from(new Float32Array([1, 2, 3]).buffer);
    const embedding = Buffer.from(Array.from({ length: 34 }, (_, i) => i));
    const source = gguf([
      { name: 'embedding', dimensions: [32, 1], type: Q8_0, data: embedding },
      { name: 'blk.0.weight', dimensions: [32, 2], type: Q4_1, data: BLOCKS },
      { name: 'norm', dimensions: [3], type: F32, data: norm },
    ]);
    const target = await requantized(source);
    const { tensors, dataAt, fileTypeAt } = readLayout(target);
    const before = readLayout(source);
    expect(target.readUInt32LE(fileTypeAt)).toBe(7);
    expect(dataAt).toBe(before.dataAt);
    const tensorsAt = (before.tensors[0]?.typeAt ?? 0) - 40;
    expect(target.subarray(0, fileTypeAt)).toEqual(source.subarray(0, fileTypeAt));
    expect(target.subarray(fileTypeAt + 4, tensorsAt)).toEqual(source.subarray(fileTypeAt + 4, tensorsAt));
    expect(tensors.map(({ name, type }) => [name, type])).toEqual([
      ['embedding', Q8_0],
      ['blk.0.weight', Q8_0],
      ['norm', F32],
    ]);
    const dataOf = (index: number, bytes: number): Buffer => {
      const at = dataAt + (tensors[index]?.offset ?? 0);
      return target.subarray(at, at + bytes);
    };
    expect(dataOf(0, 34)).toEqual(embedding);
    expect(dataOf(1, 68)).toEqual(requantizeBlocks(BLOCKS));
    expect(dataOf(2, 12)).toEqual(norm);
    expect(target.length % 32).toBe(0);
  });

  it('refuses what it cannot rewrite', async () => {
    await expect(requantized(Buffer.from('not a model at all, but long enough'))).rejects.toThrow(GgufError);
    const other = gguf([{ name: 'w', dimensions: [32], type: Q4_0, data: Buffer.alloc(18) }]);
    await expect(requantized(other)).rejects.toThrow(/tensor w has type 2/);
  });
});
