import { describe, expect, it } from 'vitest';
import { SimulatedClock } from './simulated-clock.js';

describe('the simulated clock', () => {
  const end = new Date('2026-11-22T18:30:00Z');
  const clock = new SimulatedClock(end, 3);

  it('spans the days up to its end, in order', () => {
    const moments = Array.from({ length: 101 }, (_, percent) => clock.at(percent / 100).getTime());
    expect(moments.at(-1)).toBe(end.getTime());
    expect(moments[0]).toBeGreaterThanOrEqual(end.getTime() - 3 * 86_400_000);
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
  });

  it('gives every day the same traffic, and evenings more than nights', () => {
    const hours = Array.from({ length: 3_000 }, (_, at) => clock.at(at / 3_000));
    const between = (from: number, to: number): number => hours.filter((at) => at.getUTCHours() >= from && at.getUTCHours() < to).length;
    expect(between(18, 22)).toBeGreaterThan(4 * between(1, 5));
    const days = [0, 1, 2].map(
      (day) => hours.filter((at) => Math.floor((at.getTime() - clock.at(0).getTime()) / 86_400_000) === day).length,
    );
    expect(Math.max(...days) - Math.min(...days)).toBeLessThan(30);
  });
});
