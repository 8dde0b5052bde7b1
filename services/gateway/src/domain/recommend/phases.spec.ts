import { expect, it } from 'vitest';
import { Phases } from './phases.js';

it('adds up the parts of a phase', async () => {
  let now = 0;
  const phases = new Phases(() => now);
  for (const part of ['ctr', 'log', 'ctr'] as const) {
    await phases.measure(part, async () => {
      now += 4;
    });
  }
  expect(phases.timings()).toEqual([
    { phase: 'ctr', durationMs: 8 },
    { phase: 'log', durationMs: 4 },
    { phase: 'gateway', durationMs: 0 },
  ]);
});

it('gives each phase its time, and the rest to the gateway', async () => {
  let now = 100;
  const phases = new Phases(() => now);
  now += 1;
  await phases.measure('cooccurrence', async () => {
    now += 5;
  });
  await phases
    .measure('generation', async () => {
      now += 20;
      throw new Error('gone');
    })
    .catch(() => undefined);
  now += 2;
  expect(phases.timings()).toEqual([
    { phase: 'cooccurrence', durationMs: 5 },
    { phase: 'generation', durationMs: 20 },
    { phase: 'gateway', durationMs: 3 },
  ]);
});
