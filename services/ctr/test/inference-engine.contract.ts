import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CtrInput } from '../src/domain/input/ctr-input.js';
import { type InferenceEngine, InferenceError } from '../src/domain/scoring/inference-engine.js';

/** Rounding by other batch shapes. */
const TOLERANCE = 6;

export interface EngineUnderTest {
  /** An engine that takes two batches at a time. */
  readonly open: () => Promise<InferenceEngine>;
  /** Of several lengths. */
  readonly inputs: readonly CtrInput[];
  /** An input that no such network can be run on. */
  readonly unrunnable: CtrInput;
}

/** What every inference engine does, whatever runs the network. */
export function inferenceEngineContract(name: string, { open, inputs, unrunnable }: EngineUnderTest): void {
  describe(`${name} as an inference engine`, () => {
    let engine: InferenceEngine;
    beforeEach(async () => {
      engine = await open();
    });
    afterEach(async () => {
      await engine.close();
    });

    it('answers in the order of the batch, whatever stands beside an input', async () => {
      const alone: number[] = [];
      for (const input of inputs) alone.push(...(await engine.run([input])).probabilities);
      const together = (await engine.run(inputs)).probabilities;
      const reversed = (await engine.run(inputs.toReversed())).probabilities;
      expect(together).toHaveLength(inputs.length);
      alone.forEach((probability, index) => {
        expect(together[index]).toBeCloseTo(probability, TOLERANCE);
        expect(reversed.at(-1 - index)).toBeCloseTo(probability, TOLERANCE);
      });
      expect(new Set(alone).size).toBeGreaterThan(1);
    });

    it('answers with probabilities', async () => {
      for (const probability of (await engine.run(inputs)).probabilities) {
        expect(probability).toBeGreaterThan(0);
        expect(probability).toBeLessThan(1);
      }
    });

    it('works on as many batches at a time as it says', async () => {
      expect(engine.concurrency).toBe(2);
      const [first, second] = await Promise.all([engine.run(inputs), engine.run(inputs)]);
      expect(first).toEqual(second);
    });

    it('fails a batch that cannot be run, and runs the next one', async () => {
      const before = await engine.run(inputs);
      for (let i = 0; i < 3; i++) await expect(engine.run([unrunnable])).rejects.toThrow(InferenceError);
      expect(await engine.run(inputs)).toEqual(before);
    });

    it('says what computes', () => {
      expect(engine.executionProvider).toMatch(/^[a-z]+$/);
    });
  });
}
