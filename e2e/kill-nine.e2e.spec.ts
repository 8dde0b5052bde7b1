import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { type Run, RunState, TrainerService } from '@gqr/protos/gqr/trainer/v1/trainer';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gqr, impossible, PATIENCE_MS, SERVICES, type ServiceName } from './support/gqr.js';
import { writeLogFile } from './support/log-file.js';
import { readLog } from './support/read-log.js';
import { type RunDocument, type StatusDocument, TINY_CTR } from './support/runs.js';
import { overGrpc, type SearchBackend } from './support/search-backend.js';

/** Who is killed while feedback goes in, and how often. */
const VICTIMS: readonly ServiceName[] = ['gateway', 'trainer', 'ctr', 'cooccurrence', 'generation'].flatMap((name) => [
  name as ServiceName,
  name as ServiceName,
]);
const CLICKING = 4;
/** Pairs of impression and click that must be acknowledged between two kills, so that none of them hits a system that is idle. */
const BETWEEN_KILLS = 5;

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

describe('kill -9 of any service', { timeout: 2 * PATIENCE_MS }, () => {
  let gqr: Gqr;
  let backend: SearchBackend;

  /** Kills the process that runs a service now, once it has one. */
  const kill = async (name: ServiceName): Promise<void> => {
    await expect.poll(() => gqr.service(name)?.pid ?? null, { timeout: PATIENCE_MS }).not.toBeNull();
    process.kill(gqr.service(name)?.pid ?? NaN, 'SIGKILL');
  };
  const restarts = (): Record<string, number> => Object.fromEntries(gqr.services().map((service) => [service.name, service.restarts]));

  beforeAll(async () => {
    if (impossible !== undefined) return undefined;
    gqr = await Gqr.start();
    backend = overGrpc(gqr.grpc);
    return async () => {
      backend.close();
      await gqr.remove();
    };
  }, PATIENCE_MS);
  beforeEach(({ skip }) => {
    skip(impossible !== undefined, impossible);
  });

  it('does not end a run: the trainer that is started again goes on with it', async () => {
    const file = join(gqr.dataDir, 'yesterday.jsonl');
    writeLogFile(file);
    await gqr.json('events', 'import', file);
    await gqr.json('train', 'cooccurrence');
    const started = await gqr.json<RunDocument>('train', 'ctr', '--detach', ...TINY_CTR);
    const { runId } = started.run;
    const trainer = grpcClient(TrainerService, gqr.service('trainer')?.grpc ?? '');
    // The trainer is away for a while after it was killed.
    const look = async (): Promise<Run | undefined> => (await trainer.getRun({ runId }).catch(() => undefined))?.run;
    await expect.poll(async () => (await look())?.progress?.stage, { timeout: PATIENCE_MS, interval: 50 }).toBe('train');
    await kill('trainer');
    await expect.poll(async () => (await look())?.endedAt, { timeout: PATIENCE_MS, interval: 500 }).toBeDefined();
    expect(await look()).toMatchObject({ state: RunState.SUCCEEDED, attempts: 2, error: '', model: { kind: 'ctr' } });
    trainer.close();
    expect(gqr.service('trainer')?.restarts).toBe(1);
    await gqr.untilReady(SERVICES);
  });

  it('loses no impression and no click that was acknowledged, and every service comes back with its model', async () => {
    const shown = new Set<string>();
    const clicked = new Set<string>();
    const before = restarts();
    let stopped = false;
    // Few different questions, so that most lists come from the pool: how fast the language model is does not matter here.
    const clickOn = async (user: number): Promise<void> => {
      for (let turn = 0; !stopped; turn++) {
        try {
          const query = `how do i mend a bicycle, part ${String(turn % 3)}`;
          const { impressionId, sessionId } = await backend.recommend({ taskId: 'hint', query, sessionId: `kill-${String(user)}` }, 3_000);
          if (impressionId === '') continue;
          shown.add(impressionId);
          await backend.recordFeedback({ impressionId, sessionId, clicks: [{ position: 1 }] });
          clicked.add(`${impressionId}#1`);
        } catch {
          await sleep(50); // whoever is not acknowledged asks again
        }
      }
    };
    const clicking = Promise.all(Array.from({ length: CLICKING }, (_, user) => clickOn(user)));
    const order = shuffled(VICTIMS);
    try {
      for (const victim of order) {
        const target = clicked.size + BETWEEN_KILLS;
        await expect
          .poll(() => clicked.size, { timeout: PATIENCE_MS, message: `clicks before ${victim} is killed` })
          .toBeGreaterThan(target);
        await sleep(Math.random() * 500);
        await kill(victim);
      }
      const all = clicked.size + BETWEEN_KILLS;
      await expect.poll(() => clicked.size, { timeout: PATIENCE_MS, message: 'clicks after the last kill' }).toBeGreaterThan(all);
    } finally {
      stopped = true;
      await clicking;
    }
    console.log(`killed in this order: ${order.join(', ')}; ${String(clicked.size)} clicks acknowledged meanwhile`);

    const after = restarts();
    const times = (name: ServiceName): number => VICTIMS.filter((victim) => victim === name).length;
    expect(SERVICES.filter((name) => (after[name] ?? 0) - (before[name] ?? 0) < times(name))).toEqual([]);
    await gqr.untilReady(SERVICES);
    const { services } = await gqr.json<StatusDocument>('status');
    expect(services.filter(({ ready }) => !ready)).toEqual([]);
    const kinds = services.flatMap(({ models }) => models).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['ctr', 'cooccurrence', 'policy.suggestion', 'policy.clarification', 'policy.hint']));
    const answer = await backend.recommend({ taskId: 'suggestion', query: 'how do i true a wheel' });
    expect(answer.recommendations.map(({ source }) => source)).toEqual(Array.from({ length: 3 }, () => 'SOURCE_GENERATION'));

    expect(await gqr.stop()).toBe(0);
    const log = await readLog(gqr.dataDir);
    const loggedImpressions = new Set(log.impressions.map(({ impressionId }) => impressionId));
    const loggedClicks = new Set(log.clicks.map(({ eventId }) => eventId));
    expect([...shown].filter((id) => !loggedImpressions.has(id))).toEqual([]);
    expect([...clicked].filter((id) => !loggedClicks.has(id))).toEqual([]);
    expect(log.deadLetters).toBe(0);
  });
});
