import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FakeGateway, type FakeGatewayOptions } from '../../../test/fake-gateway.js';
import { FakeJournals } from '../../../test/fake-journals.js';
import { plainBehaviour, smallWorld } from '../../../test/small-world.js';
import { standInPolicies } from '../measure/stand-in-policies.js';
import { SessionSource } from '../population/session-source.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import { CallFailedError, GatewayRefusesError } from './gateway.js';
import type { SimulationHead } from './journal.js';
import type { SimulationSpec } from './progress.js';
import type { SimulationObserver } from './simulation.js';
import { SimulationRunningError, Simulations, UnknownSimulationError } from './simulations.js';

const NOW = Date.UTC(2026, 10, 23);
const world = smallWorld();
const judge = new RelevanceJudge(world);
const ordinary = standInPolicies(world)['ordinary'];
const spec: SimulationSpec = {
  impressions: 200,
  days: 7,
  users: 20,
  scripts: 0,
  seed: 1n,
  tasks: ['suggestion', 'clarification', 'hint'],
  concurrency: 3,
  rate: 0,
  realTime: false,
  policy: 'gateway',
  world: '',
};

function prepare(options: FakeGatewayOptions = {}) {
  let time = NOW;
  const gateway = new FakeGateway({ ...(ordinary && { policy: ordinary }), answerAfter: () => setImmediate(), ...options });
  const silent: SimulationObserver = {
    impression: () => undefined,
    clickedImpression: () => undefined,
    failedCall: () => undefined,
    unforeseen: () => undefined,
    ended: () => undefined,
  };
  let ids = 0;
  const journals = new FakeJournals();
  const reports: SimulationHead[] = [];
  const stageFor = ({ seed, users, tasks }: SimulationSpec) => ({
    source: new SessionSource(world, judge, plainBehaviour, { seed, users, tasks: new Set(tasks) }),
    gateway,
  });
  const simulations = new Simulations(stageFor, journals, silent, {
    firstPauseMs: 100,
    longestPauseMs: 1_000,
    giveUpAfterMs: 10_000,
    reportAttempts: 2,
    now: () => (time += 1),
    sleep: async (ms) => {
      time += ms;
      await setImmediate();
    },
    newId: () => `sim-${++ids}`,
    writeReport: async (head) => {
      reports.push(head);
    },
  });
  return { gateway, simulations, journals, reports, time: () => time };
}

describe('a simulation', () => {
  it('makes exactly as many impressions as were asked for, and reports every click', async () => {
    const { gateway, simulations } = prepare();
    const simulation = simulations.start(spec);
    await simulation.ended;
    const { progress } = simulation;
    expect(progress).toMatchObject({
      state: 'succeeded',
      impressions: 200,
      failedCalls: 0,
      error: '',
      clickedImpressions: gateway.reports.length,
    });
    expect(gateway.recommended).toHaveLength(200);
    expect(progress.clickedImpressions).toBeGreaterThan(5);
    expect(progress.tasks.reduce((sum, { impressions }) => sum + impressions, 0)).toBe(200);
    expect(progress.sessions).toBe(new Set(gateway.recommended.map(({ sessionId }) => sessionId)).size);
  });

  it('spreads sessions over the days before now, in the order of time', async () => {
    const { gateway, simulations } = prepare();
    await simulations.start(spec).ended;
    const starts = new Map<string, number>();
    for (const { sessionId, occurredAt } of gateway.recommended) {
      if (!starts.has(sessionId)) starts.set(sessionId, occurredAt?.getTime() ?? Number.NaN);
    }
    const inOrder = [...starts].sort(([a], [b]) => Number(a.split('-').at(-1)) - Number(b.split('-').at(-1))).map(([, at]) => at);
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    expect(inOrder[0]).toBeLessThan(NOW - 6 * 86_400_000);
    expect(inOrder.at(-1)).toBeGreaterThan(NOW - 86_400_000);
    expect(
      Math.max(...gateway.reports.flatMap(({ clicks }) => clicks.map((click) => click.occurredAt?.getTime() ?? Number.NaN))),
    ).toBeLessThan(NOW + 3_600_000);
  });

  it('is the same again for the same seed', async () => {
    const [one, other] = [prepare(), prepare()];
    await Promise.all([
      one.simulations.start({ ...spec, concurrency: 1 }).ended,
      other.simulations.start({ ...spec, concurrency: 1 }).ended,
    ]);
    expect(other.gateway.recommended).toEqual(one.gateway.recommended);
    expect(other.gateway.reports).toEqual(one.gateway.reports);
  });

  it('reaches its goal although calls fail, and counts them', async () => {
    const { simulations } = prepare({ failures: [1, 2, 3].map(() => new CallFailedError('UNAVAILABLE')) });
    const simulation = simulations.start(spec);
    await simulation.ended;
    expect(simulation.progress).toMatchObject({ state: 'succeeded', impressions: 200 });
    expect(simulation.progress.failedCalls).toBeGreaterThan(0);
  });

  it('fails with the remedy when the gateway refuses or has nothing to show', async () => {
    const refused = prepare({ failures: [new GatewayRefusesError('the gateway refuses; let it')] }).simulations.start(spec);
    await refused.ended;
    expect(refused.progress).toMatchObject({ state: 'failed', error: 'the gateway refuses; let it' });
    const empty = prepare({ policy: () => [] }).simulations.start(spec);
    await empty.ended;
    expect(empty.progress).toMatchObject({ state: 'failed', impressions: 0 });
    expect(empty.progress.error).toContain('shown nothing for 10 s (its last answer: an empty list); see that it is ready');
  });

  it('stops when it is cancelled, even while calls hang, and leaves nothing under way', async () => {
    const hang = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    const { simulations } = prepare({ answerAfter: hang });
    const simulation = simulations.start(spec);
    await simulation.cancel();
    expect(simulation.progress).toMatchObject({ state: 'cancelled', impressions: 0, failedCalls: 0 });
    expect(simulation.progress.endedAt).toBeDefined();
  });
});

describe('a simulation that is cut off', () => {
  it('goes on where it stopped, with sessions that have not begun, on the same simulated days, and counts on', async () => {
    const { gateway, simulations, journals, reports } = prepare();
    const first = simulations.start(spec);
    await new Promise<void>((resolve) => {
      const stop = first.onChange(() => {
        if (first.progress.impressions < 80) return;
        stop();
        resolve();
      });
    });
    await first.cancel();
    const before = first.progress;
    const sessionsBefore = new Set(gateway.recommended.map(({ sessionId }) => sessionId));
    const asked = gateway.recommended.length;
    const second = simulations.resume('');
    await second.ended;
    expect(before.impressions).toBeLessThan(200);
    expect(second.progress).toMatchObject({ simulationId: 'sim-1', state: 'succeeded', impressions: 200, startedAt: before.startedAt });
    const after = gateway.recommended.slice(asked);
    expect(after.filter(({ sessionId }) => sessionsBefore.has(sessionId))).toEqual([]);
    expect(new Set(after.map(({ sessionId }) => sessionId.slice(0, 5)))).toEqual(new Set(['sim-1']));
    expect(Math.max(...after.map(({ occurredAt }) => occurredAt?.getTime() ?? Infinity))).toBeLessThan(NOW + 3_600_000);
    const shown = journals.kept.get('sim-1')?.entries.filter(({ kind }) => kind === 'shown') ?? [];
    expect(shown).toHaveLength(200);
    expect(shown.filter((entry) => entry.kind === 'shown' && entry.clicks.length > 0)).toHaveLength(second.progress.clickedImpressions);
    expect(reports.map(({ id }) => id)).toEqual(['sim-1', 'sim-1']);
  });

  it('is unknown if it was not kept', () => {
    expect(() => prepare().simulations.resume('sim-7')).toThrow(UnknownSimulationError);
  });
});

describe('a simulation at a rate', () => {
  it('asks for no more lists than that', async () => {
    const { simulations, time } = prepare();
    const began = time();
    await simulations.start({ ...spec, impressions: 50, rate: 10, concurrency: 1 }).ended;
    expect(time() - began).toBeGreaterThanOrEqual(4_900);
  });

  it('has users take their time on the wall clock, and says no times of its own', async () => {
    const { gateway, simulations, time } = prepare();
    const began = time();
    const simulation = simulations.start({ ...spec, impressions: 30, realTime: true, concurrency: 1 });
    await simulation.ended;
    expect(simulation.progress.state).toBe('succeeded');
    // About 40 seconds from question to question.
    expect(time() - began).toBeGreaterThan(120_000);
    expect(gateway.recommended.every(({ occurredAt }) => occurredAt === undefined)).toBe(true);
    expect(gateway.reports.flatMap(({ clicks }) => clicks).every(({ occurredAt }) => occurredAt === undefined)).toBe(true);
  });
});

describe('simulations', () => {
  it('run one at a time and are found by id, the latest without one', async () => {
    const { simulations } = prepare();
    expect(() => simulations.get('')).toThrow(UnknownSimulationError);
    const first = simulations.start(spec);
    expect(() => simulations.start(spec)).toThrow(SimulationRunningError);
    await first.ended;
    const second = simulations.start({ ...spec, impressions: 5 });
    expect(simulations.get('')).toBe(second);
    expect(simulations.get('sim-1')).toBe(first);
    expect(() => simulations.get('sim-9')).toThrow(UnknownSimulationError);
    await simulations.stop();
  });
});
