import { describe, expect, it } from 'vitest';
import { FakeGateway, someCall as call } from '../../../test/fake-gateway.js';
import { CallFailedError, GatewayFullError, GatewayRefusesError } from './gateway.js';
import { GatewayGoneError, PatientGateway } from './patient-gateway.js';

const report = { impressionId: 'i', sessionId: 's', clicks: [] };
const { signal } = new AbortController();

function patient(gateway: FakeGateway) {
  let clock = 0;
  const failed: string[] = [];
  const pauses: number[] = [];
  const options = {
    firstPauseMs: 100,
    longestPauseMs: 400,
    giveUpAfterMs: 5_000,
    reportAttempts: 3,
    now: () => clock,
    sleep: async (ms: number) => {
      pauses.push(ms);
      clock += ms;
    },
    onFailedCall: (reason: string) => failed.push(reason),
  };
  return { patient: new PatientGateway(gateway, options), failed, pauses };
}

describe('a patient caller', () => {
  it('skips and counts a failed recommendation, and waits longer from one failure to the next', async () => {
    const gateway = new FakeGateway({ failures: [1, 2, 3, 4].map(() => new CallFailedError('UNAVAILABLE')) });
    const { patient: caller, failed, pauses } = patient(gateway);
    const lists = [];
    for (let n = 0; n < 5; n++) lists.push(await caller.recommend(call, signal));
    expect(lists.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(lists[4]?.queries).not.toEqual([]);
    expect(failed).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    expect(pauses).toEqual([100, 200, 400, 400]);
  });

  it('comes back to a full gateway when it was told to, with the same call', async () => {
    const gateway = new FakeGateway({ failures: [new GatewayFullError(700), new GatewayFullError(300)] });
    const { patient: caller, failed, pauses } = patient(gateway);
    const list = await caller.recommend(call, signal);
    expect(list?.queries).not.toEqual([]);
    expect(pauses).toEqual([700, 300]);
    expect(failed).toEqual([]);
  });

  it('repeats a report of clicks, and says when it could not be made', async () => {
    const twice = new FakeGateway({ failures: [new CallFailedError('UNAVAILABLE'), new CallFailedError('UNAVAILABLE')] });
    expect(await patient(twice).patient.recordClicks(report, signal)).toBe(true);
    const thrice = new FakeGateway({ failures: [1, 2, 3].map(() => new CallFailedError('NOT_FOUND')) });
    const { patient: caller, failed } = patient(thrice);
    expect(await caller.recordClicks(report, signal)).toBe(false);
    expect(failed).toEqual(['NOT_FOUND']);
  });

  it('gives up when nothing has succeeded for long', async () => {
    const gateway = new FakeGateway({ failures: Array.from({ length: 100 }, () => new CallFailedError('UNAVAILABLE')) });
    const { patient: caller } = patient(gateway);
    const forever = async (): Promise<void> => {
      for (;;) await caller.recommend(call, signal);
    };
    await expect(forever()).rejects.toThrow(GatewayGoneError);
    await expect(forever()).rejects.toThrow('the gateway has shown nothing for 5 s (its last answer: UNAVAILABLE); see that it is ready');
  });

  it('waits when nothing but empty lists come, and not for a few of them', async () => {
    const { patient: caller, pauses } = patient(new FakeGateway({ policy: () => [] }));
    for (let n = 0; n < 13; n++) expect(await caller.recommend(call, signal)).toBeUndefined();
    expect(pauses).toEqual([100, 200]);
  });

  it('slows down while others than the language model make the lists, and goes on at once when it is back', async () => {
    const gateway = new FakeGateway({ makeshift: (call) => call <= 12 });
    const { patient: caller, pauses } = patient(gateway);
    for (let n = 0; n < 15; n++) expect((await caller.recommend(call, signal))?.queries).not.toEqual([]);
    expect(pauses).toEqual([2_000, 2_000]);
  });

  it('does not argue with a refusal', async () => {
    const gateway = new FakeGateway({ failures: [new GatewayRefusesError('no')] });
    await expect(patient(gateway).patient.recommend(call, signal)).rejects.toThrow(GatewayRefusesError);
  });
});
