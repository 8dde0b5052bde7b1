import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { freePortBase } from '@gqr/chassis/testing/free-port';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gqr, impossible, isAlive, PATIENCE_MS, PORTS, SERVICES } from './support/gqr.js';
import { PLANTED, writeLogFile } from './support/log-file.js';
import type { RunDocument, StatusDocument } from './support/runs.js';
import { overHttp, type RecommendAnswer } from './support/search-backend.js';

describe('stopping and starting again', { timeout: 2 * PATIENCE_MS }, () => {
  let running: Gqr | undefined;
  /** What the first start left behind. */
  let learnt: { runId: string; models: StatusDocument['services']; answer: RecommendAnswer } | undefined;

  const modelsOf = async (gqr: Gqr): Promise<StatusDocument['services']> => {
    // 4: done in part; the click predictor may have no model yet.
    const { code, stdout } = await gqr.cli(['status', '--json']);
    expect([0, 4]).toContain(code);
    const { services } = JSON.parse(stdout) as StatusDocument;
    return services.map(({ name, ready, models }) => ({ name, ready, models }));
  };
  const ask = (gqr: Gqr): Promise<RecommendAnswer> => overHttp(gqr.http).recommend({ taskId: 'hint', query: PLANTED.query, explain: true });

  beforeEach(({ skip }) => {
    skip(impossible !== undefined, impossible);
  });
  afterAll(async () => {
    await running?.remove();
  });

  it('Ctrl-C stops everything cleanly and leaves no process behind', async () => {
    const gqr = await Gqr.start();
    running = gqr;
    const file = join(gqr.dataDir, 'yesterday.jsonl');
    writeLogFile(file);
    await gqr.json('events', 'import', file);
    const { run } = await gqr.json<RunDocument>('train', 'cooccurrence');
    learnt = { runId: run.runId, models: await modelsOf(gqr), answer: await ask(gqr) };

    const pids = gqr.services().map(({ pid }) => pid);
    expect(pids.filter((pid) => pid !== null && isAlive(pid))).toHaveLength(SERVICES.length);
    expect(await gqr.stop()).toBe(0);
    expect(pids.filter((pid) => pid !== null && isAlive(pid))).toEqual([]);
    expect(gqr.output).toContain('✓ Everything is stopped.');
    expect(gqr.services()).toEqual([]);
  });

  it('a second start serves with all that was learnt, and takes clicks on what was shown before', async () => {
    const gqr = await Gqr.start(running === undefined ? {} : { dataDir: running.dataDir });
    running = gqr;
    expect(await modelsOf(gqr)).toEqual(learnt?.models);
    const answer = await ask(gqr);
    expect(answer.modelVersions).toEqual(learnt?.answer.modelVersions);
    expect(answer.explanation?.cooccurrence).toEqual(learnt?.answer.explanation?.cooccurrence);
    expect(answer.explanation?.cooccurrence.map(({ query }) => query)).toEqual(PLANTED.next.map(({ query }) => query));
    const { run } = await gqr.json<RunDocument>('runs', 'show', 'last');
    expect(run).toMatchObject({ runId: learnt?.runId, state: 'RUN_STATE_SUCCEEDED' });
    const click = { impressionId: learnt?.answer.impressionId ?? '', clicks: [{ position: 1 }] };
    expect(await overHttp(gqr.http).recordFeedback(click)).toMatchObject({ recorded: 1, duplicates: 0 });
    expect(await gqr.stop()).toBe(0);
  });

  describe('with a port in use', () => {
    let squatter: Server | undefined;
    let other: Gqr | undefined;

    afterEach(async () => {
      await new Promise((resolve) => (squatter === undefined ? resolve(undefined) : squatter.close(resolve)));
      await other?.remove();
    });

    it('says which one, for what, and the remedy', async () => {
      const portBase = await freePortBase(PORTS);
      const taken = portBase + 3;
      squatter = createServer();
      await new Promise<void>((resolve) => squatter?.listen(taken, '127.0.0.1', resolve));
      other = await Gqr.launch({ portBase });
      expect(await other.exited).toBe(1);
      expect(other.output).toContain(`127.0.0.1:${String(taken)} for generation: in use`);
      expect(other.output).toMatch(/What to do: .*lsof -i :\d+[\s\S]*GQR_PORT_BASE=\d+ npm start/);
      expect(other.output).not.toContain('    at ');
      expect(other.services()).toEqual([]);
    });
  });
});
