import { expect, it } from 'vitest';
import { degradationOf } from './degradation.js';

it.each([
  [['generation', 'generation'], true, [], undefined],
  [['generation', 'generation'], false, ['CTR_TIMEOUT'], 'unscored'],
  [['generation', 'cooccurrence'], true, ['GENERATION_SHORT'], 'cooccurrence'],
  [['cooccurrence', 'cooccurrence'], false, ['GENERATION_TIMEOUT', 'CTR_TIMEOUT'], 'cooccurrence'],
  [['generation', 'cooccurrence', 'popular'], true, ['GENERATION_SHORT'], 'popular'],
  [['popular'], true, ['GENERATION_UNAVAILABLE'], 'popular'],
  [[], false, ['GENERATION_UNAVAILABLE', 'COOCCURRENCE_UNAVAILABLE'], 'empty'],
  [['generation'], true, ['COOCCURRENCE_TIMEOUT'], 'whole'],
] as const)('a list of %j, scored: %j, with reasons %j is at level %j', (sources, scored, reasons, level) => {
  expect(degradationOf({ sources, scored, reasons })).toEqual(level === undefined ? undefined : { level, reasons });
});
