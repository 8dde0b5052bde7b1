import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { mersenne } from 'pure-rand/generator/mersenne';
import type { Random } from './draw.js';

/** Numbers in [0, 1) that depend on the seed alone. Its initialisation mixes well: neighbouring seeds draw unrelated lists. */
export function seededRandom(seed: bigint): Random {
  const low = Number(BigInt.asIntN(32, seed));
  const high = Number(BigInt.asIntN(32, seed >> 32n));
  const generator = mersenne(low ^ Math.imul(high, 0x9e3779b1));
  return () => uniformFloat64(generator);
}

/** A seed for a further generator. */
export function drawSeed(random: Random): bigint {
  return BigInt(Math.floor(random() * 2 ** 48));
}
