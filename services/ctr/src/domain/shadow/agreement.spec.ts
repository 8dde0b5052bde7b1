import { describe, expect, it } from 'vitest';
import { Agreement } from './agreement.js';

describe('the agreement of two models', () => {
  it('is nothing before anything was scored', () => {
    expect(new Agreement().figures).toEqual({ inputs: 0, meanAbsoluteDifference: 0, meanDifference: 0, pairs: 0, pairwiseAgreement: 0 });
  });

  it('is the mean difference over inputs, and the share of pairs for one prompt in the same order', () => {
    const agreement = new Agreement();
    // Differences .1, -.1, .3; of its three pairs the second and the third are in the same order.
    agreement.add('tea', [0.1, 0.2, 0.3], [0.2, 0.1, 0.6]);
    // Never paired with those above. Difference -.2.
    agreement.add('coffee', [0.9], [0.7]);
    const { inputs, meanAbsoluteDifference, meanDifference, pairs, pairwiseAgreement } = agreement.figures;
    expect([inputs, pairs]).toEqual([4, 3]);
    expect(meanAbsoluteDifference).toBeCloseTo(0.7 / 4, 12);
    expect(meanDifference).toBeCloseTo(0.1 / 4, 12);
    expect(pairwiseAgreement).toBeCloseTo(2 / 3, 12);
  });

  it('leaves out pairs that one of the models does not tell apart', () => {
    const agreement = new Agreement();
    agreement.add('tea', [0.1, 0.1, 0.5], [0.3, 0.2, 0.2]);
    // Only the first and the third are told apart by both, in opposite order.
    expect(agreement.figures).toMatchObject({ pairs: 1, pairwiseAgreement: 0 });
  });

  it('pairs inputs for one prompt that were scored one after the other, as a list is that is being written', () => {
    const agreement = new Agreement();
    agreement.add('tea', [0.1], [0.2]);
    agreement.add('coffee', [0.5], [0.5]);
    agreement.add('tea', [0.2], [0.1]);
    agreement.add('tea', [0.3], [0.6]);
    expect(agreement.figures).toMatchObject({ inputs: 4, pairs: 3 });
    expect(agreement.figures.pairwiseAgreement).toBeCloseTo(2 / 3, 12);
  });

  it('keeps the prompts that were scored last', () => {
    const agreement = new Agreement();
    for (let prompt = 0; prompt <= 1_000; prompt++) agreement.add(String(prompt), [0.1], [0.1]);
    agreement.add('0', [0.2], [0.2]);
    expect(agreement.figures.pairs).toBe(0);
    agreement.add('1000', [0.2], [0.2]);
    expect(agreement.figures.pairs).toBe(1);
  });

  it('pairs the first 50 of a prompt, and counts the differences of all', () => {
    const agreement = new Agreement();
    const rising = Array.from({ length: 1_000 }, (_, i) => i / 1_000);
    agreement.add('tea', rising, rising);
    expect(agreement.figures).toMatchObject({ inputs: 1_000, pairs: (50 * 49) / 2, pairwiseAgreement: 1, meanAbsoluteDifference: 0 });
  });
});
