import { describe, expect, it } from 'vitest';
import { overlap, stemsOf } from './words.js';

describe('words of a query', () => {
  it('keeps what a query is about and drops the rest', () => {
    expect([...stemsOf('How do I clean my cast-iron pans?')]).toEqual(['clean', 'cast', 'iron', 'pan']);
  });

  it('sees inflections as the same word', () => {
    expect(stemsOf('cleaning')).toEqual(stemsOf('cleaned'));
    expect(stemsOf('stopping a running toilet')).toEqual(stemsOf('stop run toilets'));
    expect(stemsOf("landlord won't")).toEqual(stemsOf('landlord wont'));
  });

  it('measures overlap from nothing in common to the same words', () => {
    expect(overlap(stemsOf('rust on cast iron'), stemsOf('telescope eyepiece'))).toBe(0);
    expect(overlap(stemsOf('cast iron rust'), stemsOf('rust cast iron'))).toBe(1);
    expect(overlap(stemsOf('how to'), stemsOf('what is'))).toBe(0);
  });
});
