import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@gqr/chassis/testing/free-port';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { startService } from '@gqr/chassis/testing/running-service';
import { RecommendationService } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeDependencies, startFakeDependencies } from './support/fake-dependencies.js';
import { environment, MAIN, readEvents, type RunningGateway, startGateway } from './support/gateway.js';
import { get, post, problemOf } from './support/http.js';

let dependencies: FakeDependencies;

beforeAll(async () => {
  dependencies = await startFakeDependencies();
});
afterAll(async () => {
  await dependencies.stop();
});

const ASK = { taskId: 'suggestion', query: 'solar panels', sessionId: 'session-1' };

/** Whether files of another process can be kept from growing, which is how a full disk is made here. */
const canFillDisk = ((): boolean => {
  try {
    execFileSync('prlimit', ['--version']);
    return process.platform === 'linux';
  } catch {
    return false;
  }
})();

describe('what was acknowledged', () => {
  it('is in the log after kill -9 in the middle of many clicks, and its impressions can be clicked after the restart', async () => {
    const gateway = await startGateway(dependencies);
    const acknowledged: string[] = [];
    const last = await gateway.client.recommend(ASK);
    const clickUntilItDies = async (): Promise<void> => {
      for (;;) {
        const { impressionId } = await gateway.client.recommend(ASK);
        await gateway.client.recordFeedback({ impressionId, sessionId: 'session-1', clicks: [{ position: 1 }, { position: 2 }] });
        acknowledged.push(`${impressionId}#1`, `${impressionId}#2`);
      }
    };
    const clicking = Promise.allSettled(Array.from({ length: 8 }, clickUntilItDies));
    await expect.poll(() => acknowledged.length, { timeout: 15_000 }).toBeGreaterThan(60);
    await gateway.stop('SIGKILL');
    await clicking;
    const { clicks, impressions } = await readEvents(gateway.eventLog);
    const logged = new Set(clicks.map(({ eventId }) => eventId));
    expect(acknowledged.filter((eventId) => !logged.has(eventId))).toEqual([]);
    const shown = new Set(impressions.map(({ impressionId }) => impressionId));
    expect(acknowledged.filter((eventId) => !shown.has(eventId.split('#')[0] ?? ''))).toEqual([]);

    const again = await startService(MAIN, environment(dependencies, gateway.eventLog));
    const client = grpcClient(RecommendationService, again.grpc);
    expect(await client.recordFeedback({ impressionId: last.impressionId, clicks: [{ position: 1 }] })).toMatchObject({ recorded: 1 });
    client.close();
    await again.stop();
    await gateway.remove();
  });
});

describe('a disk that is full', () => {
  let gateway: RunningGateway;
  const limitFiles = (limit: string): void => {
    execFileSync('prlimit', ['--pid', String(gateway.process.pid), `--fsize=${limit}:unlimited`]);
  };

  it('leaves lists without an id and clicks unacknowledged, until there is room again', async ({ skip }) => {
    skip(!canFillDisk, 'needs prlimit of util-linux on Linux');
    gateway = await startGateway(dependencies);
    const { impressionId } = await gateway.client.recommend(ASK);
    limitFiles('1024');
    const answer = await gateway.client.recommend(ASK);
    expect(answer).toMatchObject({ impressionId: '', degradation: { level: 0, reasons: ['LOG_UNAVAILABLE'] } });
    expect(answer.recommendations).toHaveLength(3);
    const click = { impressionId, clicks: [{ position: 2 }] };
    await expect(gateway.client.recordFeedback(click)).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'LOG_UNAVAILABLE',
      retryAfterMs: 1000,
    });
    const http = await post(gateway.http, '/v1/feedback', click);
    expect([http.status, problemOf(http).reason]).toEqual([503, 'LOG_UNAVAILABLE']);
    limitFiles('unlimited');
    expect(await gateway.client.recordFeedback(click)).toMatchObject({ recorded: 1, duplicates: 0 });
    expect((await gateway.client.recommend(ASK)).degradation).toBeUndefined();
    const { clicks } = await readEvents(gateway.eventLog);
    expect(clicks.map(({ eventId }) => eventId)).toEqual([`${impressionId}#2`]);
    await gateway.remove();
  });
});

/** Runs the gateway until it ends by itself; its exit code and output. */
async function runToEnd(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN.pathname], { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

describe('a gateway', () => {
  it('that starts while generation is away says so, and is ready as soon as it is back', async () => {
    await dependencies.generation.stop();
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
    const [grpc, http] = [`127.0.0.1:${String(await freePort())}`, `127.0.0.1:${String(await freePort())}`];
    const env = { ...environment(dependencies, join(folder, 'events.sqlite')), GQR_GRPC_LISTEN: grpc, GQR_HTTP_LISTEN: http };
    const child = spawn(process.execPath, [MAIN.pathname], { env: { ...process.env, ...env } });
    await expect
      .poll(
        () =>
          get(http, '/livez').then(
            ({ status: code }) => code,
            () => 0,
          ),
        { timeout: 15_000 },
      )
      .toBe(200);
    expect((await get(http, '/readyz')).json).toMatchObject({ status: 'not ready', pending: { tasks: expect.any(String) as string } });
    const client = grpcClient(RecommendationService, grpc);
    await expect(client.recommend(ASK)).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'GENERATION_UNAVAILABLE',
      retryAfterMs: 1000,
    });
    await dependencies.generation.start();
    await expect.poll(async () => (await get(http, '/readyz')).status, { timeout: 10_000 }).toBe(200);
    expect((await client.recommend(ASK)).recommendations).toHaveLength(3);
    client.close();
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('finishes the call under way when it is told to stop', async () => {
    const gateway = await startGateway(dependencies);
    dependencies.generation.on('StreamGenerate', async function* () {
      await new Promise((resolve) => setTimeout(resolve, 500));
      yield { event: { case: 'response', value: { queries: [{ text: 'last words' }] } } };
    });
    dependencies.cooccurrence.on('Retrieve', () => ({}));
    const answer = gateway.client.recommend({ ...ASK, count: 1 });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const stopped = gateway.stop('SIGTERM');
    expect((await answer).recommendations.map(({ text }) => text)).toEqual(['last words']);
    await stopped;
    dependencies.heal();
    await gateway.remove();
  });

  it('that cannot write its log does not start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
    writeFileSync(join(folder, 'events.sqlite'), 'this is no database, whatever its name says'.repeat(100));
    const { code, output } = await runToEnd({
      ...environment(dependencies, join(folder, 'events.sqlite')),
      GQR_GRPC_LISTEN: `127.0.0.1:${String(await freePort())}`,
      GQR_HTTP_LISTEN: `127.0.0.1:${String(await freePort())}`,
    });
    expect(code).toBe(1);
    expect(output).toContain('the event log failed');
    rmSync(folder, { recursive: true });
  });

  it('that is configured wrongly names every variable that is wrong', async () => {
    const { code, output } = await runToEnd({
      GQR_GRPC_LISTEN: 'x',
      GQR_HTTP_LISTEN: '127.0.0.1:0',
      GQR_GATEWAY_ID_SECRET: 'abc',
      GQR_GATEWAY_POOL_KEY: 'session',
    });
    expect(code).toBe(1);
    for (const name of ['GQR_GRPC_LISTEN', 'GQR_GENERATION_ADDRESS', 'GQR_EVENT_LOG', 'GQR_GATEWAY_ID_SECRET', 'GQR_GATEWAY_POOL_KEY']) {
      expect(output).toContain(name);
    }
  });
});
