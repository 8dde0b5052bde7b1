import { create } from '@bufbuild/protobuf';
import { PhaseTimingSchema } from '@gqr/protos/gqr/context/v1/context';
import { Degradation_Level, DegradationSchema, ListReward } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { describe, expect, it } from 'vitest';
import { decimal, duration, percent } from './numbers.js';
import { phaseShares } from './phases.js';
import { degradationWords, rewardWords } from './wording.js';

describe('the words of an explanation', () => {
  it('say what a degradation means and why it happened', () => {
    const words = degradationWords(
      create(DegradationSchema, { level: Degradation_Level.POPULAR, reasons: ['GENERATION_TIMEOUT', 'COOCCURRENCE_UNAVAILABLE'] }),
    );
    expect(words).toEqual({
      title: 'Filled from popular queries',
      reasons: [
        { code: 'GENERATION_TIMEOUT', text: 'The language model did not answer in time.' },
        { code: 'COOCCURRENCE_UNAVAILABLE', text: 'The co-occurrence store cannot be reached.' },
      ],
    });
  });

  it('make a sentence even of a reason that is not known yet', () => {
    const { reasons } = degradationWords(create(DegradationSchema, { reasons: ['SAFETY_FILTER_BLOCKED_ALL'] }));
    expect(reasons).toEqual([{ code: 'SAFETY_FILTER_BLOCKED_ALL', text: 'Safety filter blocked all.' }]);
  });

  it('name the equation that rewards a list', () => {
    expect(rewardWords(ListReward.MULTI)).toContain('Eq. 3');
    expect(rewardWords(ListReward.SINGLE)).toContain('Eq. 4');
    expect(rewardWords(undefined)).toBe('List reward');
  });
});

describe('the numbers of an explanation', () => {
  it('keep three significant digits of a probability', () => {
    expect([0.1236, 0.5, 0.00417, 0.00001, 0].map(percent)).toEqual(['12.4%', '50%', '0.417%', '< 0.01%', '0%']);
  });

  it('show a time in the unit that suits it', () => {
    expect([0.42, 38.4, 1421].map(duration)).toEqual(['0.4 ms', '38 ms', '1.42 s']);
  });

  it('write negative numbers with a minus sign', () => {
    expect([decimal(-2.30259), decimal(0.7), decimal(-5, 2)]).toEqual(['−2.303', '0.7', '−5.00']);
  });
});

describe('the time by phase', () => {
  it('is shared out over the sum of the phases, in their order', () => {
    const timings = [
      { phase: 'cooccurrence', durationMs: 1 },
      { phase: 'generation', durationMs: 8 },
      { phase: 'warp drive', durationMs: 1 },
    ].map((timing) => create(PhaseTimingSchema, timing));
    const { totalMs, phases } = phaseShares(timings);
    expect(totalMs).toBe(10);
    expect(phases.map(({ name, key, share }) => [name, key, share])).toEqual([
      ['Co-occurrence', 'cooccurrence', 0.1],
      ['Generation', 'generation', 0.8],
      ['warp drive', 'rest', 0.1],
    ]);
  });

  it('is nothing where no phase took any time', () => {
    expect(phaseShares([create(PhaseTimingSchema, { phase: 'log', durationMs: 0 })]).phases[0]?.share).toBe(0);
  });
});
