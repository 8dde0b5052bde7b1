import { beforeEach, describe, expect, it } from 'vitest';
import { Circuit } from './circuit.js';

let now: number;
let changes: boolean[];
let circuit: Circuit;

beforeEach(() => {
  now = 0;
  changes = [];
  circuit = new Circuit({ failures: 3, openMs: 1000, now: () => now, onChange: (open) => changes.push(open) });
});

function fail(times: number): void {
  for (let time = 0; time < times; time++) circuit.enter()?.failed();
}

describe('a circuit', () => {
  it('opens after so many failures in a row', () => {
    fail(2);
    expect(circuit.enter()).toBeDefined();
    fail(1);
    expect(circuit.enter()).toBeUndefined();
    expect(changes).toEqual([true]);
  });

  it('forgets failures once a call succeeds', () => {
    fail(2);
    circuit.enter()?.succeeded();
    fail(2);
    expect(circuit.enter()).toBeDefined();
  });

  it('learns nothing from a call that was abandoned', () => {
    fail(2);
    circuit.enter()?.abandoned();
    fail(1);
    expect(circuit.enter()).toBeUndefined();
  });

  it('lets one call at a time try again after a while', () => {
    fail(3);
    now = 999;
    expect(circuit.enter()).toBeUndefined();
    now = 1000;
    expect(circuit.enter()).toBeDefined();
    expect(circuit.enter()).toBeUndefined();
  });

  it('stays open for as long again when the trial fails', () => {
    fail(3);
    now = 1000;
    fail(1);
    now = 1999;
    expect(circuit.enter()).toBeUndefined();
    now = 2000;
    expect(circuit.enter()).toBeDefined();
    expect(changes).toEqual([true]);
  });

  it('lets another call try when the first trial was abandoned', () => {
    fail(3);
    now = 1000;
    circuit.enter()?.abandoned();
    expect(circuit.enter()).toBeDefined();
  });

  it('closes when the trial succeeds', () => {
    fail(3);
    now = 1000;
    circuit.enter()?.succeeded();
    expect([circuit.enter() !== undefined, circuit.enter() !== undefined]).toEqual([true, true]);
    expect(changes).toEqual([true, false]);
  });
});
