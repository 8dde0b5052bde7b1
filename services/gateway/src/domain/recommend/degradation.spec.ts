import { expect, it } from 'vitest';
import { degradationOf } from './degradation.js';

it.each([
  [3, [], true, [], undefined],
  [3, [], false, ['CTR_TIMEOUT'], 'unscored'],
  [3, ['cooccurrence'], true, ['GENERATION_SHORT'], 'cooccurrence'],
  [2, ['cooccurrence', 'cooccurrence'], false, ['GENERATION_TIMEOUT', 'CTR_TIMEOUT'], 'cooccurrence'],
  [3, ['cooccurrence', 'popular'], true, ['GENERATION_SHORT'], 'popular'],
  [1, ['popular'], true, ['GENERATION_UNAVAILABLE'], 'popular'],
  [0, [], false, ['GENERATION_UNAVAILABLE', 'COOCCURRENCE_UNAVAILABLE'], 'empty'],
  [3, [], true, ['COOCCURRENCE_TIMEOUT'], 'whole'],
] as const)('a list of %j with stand-ins %j, scored: %j, with reasons %j is at level %j', (length, standIns, scored, reasons, level) => {
  expect(degradationOf({ length, standIns, scored, reasons })).toEqual(level === undefined ? undefined : { level, reasons });
});
