import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Draws a number in [0, 1). */
export type Random = () => number;

/** 64-bit FNV-1a of a text. */
function hash(text: string): bigint {
  let value = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value;
}

/** The finaliser of MurmurHash3 (fmix64): neighbouring inputs give unrelated outputs. */
function mix(value: bigint): bigint {
  let mixed = value;
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 33n)) * 0xff51afd7ed558ccdn);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}

/** 64 bits that depend on the seed and on what they are for, for example ("user", 17), and on nothing else. */
export function seedFor(seed: bigint, purpose: string, index: number): bigint {
  return mix(mix(mix(BigInt.asUintN(64, seed)) ^ hash(purpose)) + BigInt(index));
}

/**
 * A stream of numbers of its own for every purpose and index, so that what one user or session draws never shifts what another
 * one gets.
 */
export function randomFor(seed: bigint, purpose: string, index: number): Random {
  const low = seedFor(seed, purpose, index);
  const high = mix(low + 0x9e3779b97f4a7c15n);
  const generator = xoroshiro128plusFromState([low >> 32n, low, high >> 32n, high].map((bits) => Number(BigInt.asIntN(32, bits))));
  return () => ((generator.next() >>> 5) * 67_108_864 + (generator.next() >>> 6)) / 9_007_199_254_740_992;
}

/** Index drawn in proportion to the weights; -1 if their sum is 0. */
export function drawIndex(random: Random, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = random() * total;
  if (total <= 0) return -1;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

/** Item drawn in proportion to its weight; undefined if nothing has any. */
export function draw<T>(random: Random, items: readonly T[], weightOf: (item: T) => number): T | undefined {
  return items[drawIndex(random, items.map(weightOf))];
}

/** A standard normal number (Box and Muller). */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A log-normal number whose mean is 1. */
export function drawAroundOne(random: Random, sigma: number): number {
  return Math.exp(sigma * drawNormal(random) - (sigma * sigma) / 2);
}
