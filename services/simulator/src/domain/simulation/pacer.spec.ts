import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

const { signal } = new AbortController();

function pacerOf(rate: number) {
  let clock = 0;
  const pacer = new Pacer(
    rate,
    () => clock,
    async (ms) => {
      clock += ms;
    },
  );
  return { pacer, time: () => clock, pass: (ms: number) => (clock += ms) };
}

describe('a pacer', () => {
  it('lets calls through at its rate', async () => {
    const { pacer, time } = pacerOf(4);
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      await pacer.turn(signal);
      times.push(time());
    }
    expect(times).toEqual([0, 250, 500, 750]);
  });

  it('does not make up for a pause', async () => {
    const { pacer, time, pass } = pacerOf(10);
    await pacer.turn(signal);
    pass(5_000);
    await pacer.turn(signal);
    await pacer.turn(signal);
    expect(time()).toBe(5_100);
  });

  it('lets everything through without a rate', async () => {
    const { pacer, time } = pacerOf(0);
    for (let n = 0; n < 100; n++) await pacer.turn(signal);
    expect(time()).toBe(0);
  });
});
