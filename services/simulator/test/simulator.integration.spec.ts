import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { type Simulation, SimulationState, SimulatorService } from '@gqr/protos/gqr/simulator/v1/simulator';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readWorld } from '../src/adapters/yaml/topic-files.js';
import { standInPolicies } from '../src/domain/measure/stand-in-policies.js';
import type { World } from '../src/domain/world/world.js';
import { FakeGatewayServer } from './fake-gateway-server.js';
import { WORLD_DIR } from './shipped-world.js';

const MAIN = new URL('../src/main.js', import.meta.url);

/** Paths and values of everything in a JSON document, list indexes left out: "history.query" -> "how to ...". */
function* leaves(json: unknown, path = ''): Generator<[string, unknown]> {
  if (Array.isArray(json)) for (const item of json) yield* leaves(item, path);
  else if (typeof json === 'object' && json !== null) {
    for (const [key, value] of Object.entries(json)) yield* leaves(value, path === '' ? key : `${path}.${key}`);
  } else yield [path, json];
}

/** Everything that a search backend would know of a session: what users type, what the assistant answers, what was recommended. */
function loggedTexts(world: World, gateway: FakeGatewayServer): { queries: Set<string>; answers: Set<string> } {
  const queries = new Set([...gateway.shown.values()].flat());
  const answers = new Set(['']);
  for (const topic of world.topics) {
    for (const item of topic.kind === 'search' ? topic.intents : topic.requests) {
      for (const phrasing of item.phrasings) queries.add(phrasing);
      answers.add('answer' in item ? item.answer : item.draft);
      if (!('facets' in item)) continue;
      for (const facet of item.facets) for (const text of [facet.becomes, ...facet.phrasings]) queries.add(text);
    }
  }
  return { queries, answers };
}

describe('the simulator as a service', () => {
  const world = readWorld(WORLD_DIR);
  const { ordinary } = standInPolicies(world.only('training'));
  let gateway: FakeGatewayServer;
  let data: string;
  let simulator: RunningService;
  let client: GrpcClient<typeof SimulatorService>;
  const ended = async (simulationId = ''): Promise<Simulation | undefined> => {
    let last: Simulation | undefined;
    for await (const { simulation } of client.watchSimulation({ simulationId })) last = simulation;
    return last;
  };

  beforeAll(async () => {
    if (ordinary === undefined) throw new Error('no such policy');
    gateway = new FakeGatewayServer(ordinary);
    data = mkdtempSync(join(tmpdir(), 'simulations-'));
    const env = { GQR_DATA: data, GQR_WORLD_DIR: WORLD_DIR, GQR_GATEWAY_ADDRESS: await gateway.listen(), GQR_LOG_LEVEL: 'debug' };
    simulator = await startService(MAIN, env);
    client = grpcClient(SimulatorService, simulator.grpc);
  });
  beforeEach(() => {
    gateway.ownClock = false;
  });
  afterEach(async () => {
    await client.cancelSimulation({}).catch(() => undefined);
  });
  afterAll(async () => {
    client.close();
    await simulator.stop();
    gateway.close();
    rmSync(data, { recursive: true });
  });

  it('sends what a search backend would send and nothing of what its users want', { timeout: 120_000 }, async () => {
    await client.startSimulation({ spec: { impressions: 300n, days: 3, seed: 5n } });
    expect(await ended()).toMatchObject({ state: SimulationState.SUCCEEDED, impressions: 300n, failedCalls: 0n });
    const { queries, answers } = loggedTexts(world, gateway);
    const isMoment = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));
    const allowed: Record<string, (value: unknown) => boolean> = {
      taskId: (value) => ['suggestion', 'clarification', 'hint'].includes(String(value)),
      query: (value) => queries.has(String(value)),
      response: (value) => answers.has(String(value)),
      'history.query': (value) => queries.has(String(value)),
      'history.response': (value) => answers.has(String(value)),
      sessionId: (value) => /^sim-[0-9a-f]{12}-\d+$/.test(String(value)),
      userId: (value) => /^u-[0-9a-f]{16}$/.test(String(value)),
      queryOrigin: (value) => ['QUERY_ORIGIN_TYPED', 'QUERY_ORIGIN_RECOMMENDATION'].includes(String(value)),
      traffic: (value) => value === 'TRAFFIC_SIMULATED',
      occurredAt: isMoment,
      impressionId: (value) => gateway.shown.has(String(value)),
      'clicks.position': (value) => Number(value) >= 1 && Number(value) <= 8,
      'clicks.text': (value) => queries.has(String(value)),
      'clicks.occurredAt': isMoment,
    };
    const foreign = gateway.sent.flatMap(({ json }) => [...leaves(json)]).filter(([path, value]) => !(allowed[path]?.(value) ?? false));
    expect(foreign).toEqual([]);
    expect(gateway.requests).toHaveLength(300);
    const clicked = gateway.reports.flatMap(({ impressionId, clicks }) => clicks.map((click) => ({ impressionId, ...click })));
    expect(clicked.length).toBeGreaterThan(10);
    expect(clicked.every(({ impressionId, position, text }) => gateway.shown.get(impressionId)?.[position - 1] === text)).toBe(true);
  });

  it('leaves a report with plots, all of them labelled as simulated', async () => {
    await client.startSimulation({ spec: { impressions: 200n, days: 4, seed: 6n, policy: 'good' } });
    const done = await ended();
    expect(done).toMatchObject({ state: SimulationState.SUCCEEDED, impressions: 200n, error: '' });
    const directory = done?.reportDirectory ?? '';
    expect(readdirSync(directory).sort()).toEqual(
      ['day.svg', 'head.json', 'journal.jsonl', 'policy.svg', 'position.svg', 'report.json', 'report.md', 'segment.svg', 'task.svg'].sort(),
    );
    const report = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as {
      tasks: { impressions: number }[];
      traffic: string;
    };
    expect(report.traffic).toBe('simulated');
    expect(report.tasks.reduce((sum, { impressions }) => sum + impressions, 0)).toBe(200);
    for (const name of readdirSync(directory).filter((each) => /\.(svg|md)$/.test(each))) {
      expect(readFileSync(join(directory, name), 'utf8')).toMatch(/simulated/i);
    }
    expect(readFileSync(join(directory, 'task.svg'), 'utf8')).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  });

  it('lives in a world made from a file of sessions, and names what is wrong with one', async () => {
    const file = join(data, 'sessions.tsv');
    const lines = Array.from({ length: 40 }, (_, at) => `s${at}\thow to tie knot number ${at}\tbest rope for knot number ${at}`);
    writeFileSync(file, lines.join('\n'));
    const before = gateway.requests.length;
    await client.startSimulation({ spec: { impressions: 30n, world: file, tasks: ['suggestion'] } });
    expect(await ended()).toMatchObject({ state: SimulationState.SUCCEEDED, impressions: 30n });
    expect(gateway.requests.slice(before).filter(({ query }) => query.includes('knot number')).length).toBeGreaterThan(10);
    writeFileSync(file, 's1\tonly one');
    await expect(client.startSimulation({ spec: { impressions: 1n, world: file } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'WORLD_UNUSABLE',
      message: expect.stringMatching(/sessions\.tsv:1: has 1 queries; a session needs at least 2/) as string,
    });
    await expect(client.startSimulation({ spec: { impressions: 1n, policy: 'best' } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'UNKNOWN_POLICY',
    });
  });

  it('shows operators counts, and neither texts nor ids of intents, topics or users', async () => {
    await client.startSimulation({ spec: { impressions: 50n } });
    await ended();
    const metrics = await (await fetch(`http://${simulator.http}/metrics`)).text();
    expect(metrics).toMatch(/gqr_simulator_impressions_total\{task="suggestion",degraded="false",service="simulator"\} \d+/);
    const seen = `${metrics}\n${simulator.output()}`;
    const hidden = world.topics.flatMap((topic) => [
      topic.id,
      ...(topic.kind === 'search' ? topic.intents : topic.requests).flatMap(({ id, phrasings }) => [id, ...phrasings]),
    ]);
    // A single word, such as the id "resources", may stand anywhere.
    const telling = hidden.filter((text) => /[ -]/.test(text) && text.length > 8 && seen.includes(text));
    expect(telling).toEqual([]);
    expect(seen).not.toMatch(/u-[0-9a-f]{16}/);
  });

  it('comes back to a full gateway when it asked for it', async () => {
    gateway.full = { calls: 2, retryAfterMs: 400 };
    await client.startSimulation({ spec: { impressions: 5n, concurrency: 1 } });
    expect(await ended()).toMatchObject({ state: SimulationState.SUCCEEDED, failedCalls: 0n });
    const [first = 0, second = 0] = gateway.refusedAt;
    expect(second - first).toBeGreaterThanOrEqual(390);
  });

  it('tells a watcher how far it is, and ends the watch when it is cancelled', async () => {
    const { simulation } = await client.startSimulation({ spec: { impressions: 1_000_000n, users: 10, tasks: ['hint'] } });
    expect(simulation?.spec).toMatchObject({ impressions: 1_000_000n, days: 1, users: 10, tasks: ['hint'], concurrency: 4 });
    const seen: Simulation[] = [];
    for await (const { simulation: now } of client.watchSimulation({})) {
      if (now !== undefined) seen.push(now);
      if (seen.length === 4) await client.cancelSimulation({});
    }
    expect(seen[3]?.impressions).toBeGreaterThan(0n);
    expect(seen[3]?.rate).toBeGreaterThan(0);
    expect(seen[3]?.secondsLeft).toBeGreaterThan(1);
    expect(seen.at(-1)).toMatchObject({ state: SimulationState.CANCELLED });
    expect(seen.at(-1)?.endedAt).toBeDefined();
  });

  it('refuses a second simulation, an unknown one and a bad specification', async () => {
    await client.startSimulation({ spec: { impressions: 1_000_000n } });
    const again = client.startSimulation({ spec: { impressions: 1n } });
    await expect(again).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'SIMULATION_RUNNING' });
    await expect(client.getSimulation({ simulationId: 'sim-0' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    const bad = { impressions: 0n, days: 400, users: 2_000_000, tasks: ['hint', 'poetry'], concurrency: 65 };
    await expect(client.startSimulation({ spec: bad })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [
        { field: 'spec.impressions', description: 'is 0; must be 1 to 10000000' },
        { field: 'spec.days', description: 'is 400; must be 1 to 366, or 0 for 1' },
        { field: 'spec.users', description: 'is 2000000; must be 1 to 1000000, or 0 for 500' },
        { field: 'spec.concurrency', description: 'is 65; must be 1 to 64, or 0 for 4' },
        { field: 'spec.tasks[1]', description: 'simulated users know only the tasks suggestion, clarification, hint; name one of them' },
      ],
    });
  });

  it('fails with the remedy when the gateway goes by its own clock', async () => {
    gateway.ownClock = true;
    await client.startSimulation({ spec: { impressions: 5n } });
    const failed = await ended();
    expect(failed?.state).toBe(SimulationState.FAILED);
    expect(failed?.error).toContain('GQR_GATEWAY_ACCEPT_OCCURRED_AT=true');
  });

  it('keeps going while the gateway is away, and stops at once at SIGTERM', async () => {
    gateway.close();
    await client.startSimulation({ spec: { impressions: 100n } });
    await expect.poll(async () => (await client.getSimulation({})).simulation?.failedCalls, { timeout: 5_000 }).toBeGreaterThan(0n);
    const began = Date.now();
    await simulator.stop();
    expect(simulator.process.exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(4_000);
  });
});

describe('the simulator that is killed', () => {
  it('goes on with its simulation when it is started again', { timeout: 300_000 }, async () => {
    const world = readWorld(WORLD_DIR);
    const { ordinary } = standInPolicies(world.only('training'));
    if (ordinary === undefined) throw new Error('no such policy');
    const gateway = new FakeGatewayServer(ordinary);
    const data = mkdtempSync(join(tmpdir(), 'simulations-'));
    const env = { GQR_DATA: data, GQR_WORLD_DIR: WORLD_DIR, GQR_GATEWAY_ADDRESS: await gateway.listen() };
    const first = await startService(MAIN, env);
    const before = grpcClient(SimulatorService, first.grpc);
    await before.startSimulation({ spec: { impressions: 400n, days: 5 } });
    await expect.poll(() => gateway.requests.length, { timeout: 60_000 }).toBeGreaterThan(60);
    first.process.kill('SIGKILL');
    before.close();
    const begun = new Set(gateway.requests.map(({ sessionId }) => sessionId));
    const asked = gateway.requests.length;
    const second = await startService(MAIN, env);
    const client = grpcClient(SimulatorService, second.grpc);
    const { simulation } = await client.startSimulation({ resume: 'last' });
    let last = simulation;
    for await (const { simulation: now } of client.watchSimulation({})) last = now;
    expect(last).toMatchObject({ state: SimulationState.SUCCEEDED, impressions: 400n });
    const fresh = gateway.requests.slice(asked);
    // Calls that were under way when it was killed are at most one a session under way.
    expect(gateway.requests.length - 400).toBeLessThanOrEqual(4);
    expect(fresh.filter(({ sessionId }) => begun.has(sessionId))).toEqual([]);
    client.close();
    await second.stop();
    gateway.close();
    rmSync(data, { recursive: true });
  });
});
