import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServices } from './fake-services.js';
import { type Finished, runBin, runCli } from './run-cli.js';

let fake: FakeServices;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gqr-cli-'));
  fake = new FakeServices();
  await fake.start();
});
afterEach(() => {
  fake.stop();
  rmSync(folder, { recursive: true });
});

const environment = (): Record<string, string> => ({
  GQR_DATA: folder,
  GQR_GATEWAY_ADDRESS: fake.address,
  GQR_GENERATION_ADDRESS: fake.address,
  GQR_TRAINER_ADDRESS: fake.address,
  GQR_SIMULATOR_ADDRESS: fake.address,
});
const gqr = (args: readonly string[], options: Parameters<typeof runCli>[2] = {}): Promise<Finished> =>
  runCli(args, environment(), options);

const requestsTo = (method: string): unknown[] => fake.requests.filter((each) => each.method === method).map(({ request }) => request);

describe('recommend and click', () => {
  it('says that the file of a request cannot be read', async () => {
    const { code, stderr } = await gqr(['recommend', '--request', join(folder, 'absent.json')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/absent\.json cannot be read: .*\n\n {2}What to do: Name a file that is there/);
  });

  it('shows a list, and clicks on it without an id', async () => {
    const shown = await gqr([
      'recommend',
      'monstera',
      '--session',
      's1',
      '--turn',
      'plants => Many => more',
      '--side',
      'locale=en',
      '--explain',
    ]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/1\.\s+monstera soil\s+25\.0%\s+language model\n\s*2\.\s+monstera pot\s+12\.5%\s+co-occurrence/);
    expect(requestsTo('Recommend')).toMatchObject([
      {
        taskId: 'suggestion',
        query: 'monstera',
        sessionId: 's1',
        history: [{ query: 'plants', response: 'Many => more' }],
        sideInformation: { locale: 'en' },
      },
    ]);
    const clicked = await gqr(['click', 'last', '2', '1', '--json']);
    expect(clicked.json()).toEqual({ recorded: 2, duplicates: 0 });
    expect(requestsTo('RecordFeedback')).toMatchObject([
      { impressionId: 'impression-1', sessionId: 's1', clicks: [{ position: 2 }, { position: 1 }] },
    ]);
  });

  it('prints the message in proto3 JSON, also when the list is streamed', async () => {
    const whole = await gqr(['recommend', 'monstera', '--json']);
    const streamed = await gqr(['recommend', 'monstera', '--json', '--stream']);
    expect(whole.json()).toMatchObject({
      impressionId: 'impression-1',
      recommendations: [{ position: 1, source: 'SOURCE_GENERATION' }, { position: 2 }],
    });
    expect(streamed.json()).toEqual(whole.json());
    expect(streamed.stderr).toContain('1. monstera soil');
  });

  it('takes a request from standard input, and options over it', async () => {
    const stdin = JSON.stringify({ taskId: 'clarification', query: 'a poem', response: 'Roses', count: 4 });
    const { code, stdout } = await runBin(['recommend', '--request', '-', '--count', '2', '--explain'], environment(), stdin);
    expect(code).toBe(0);
    expect(requestsTo('Recommend')).toMatchObject([
      { taskId: 'clarification', query: 'a poem', response: 'Roses', count: 2, explain: true },
    ]);
    expect(stdout).toContain('guiding sentence  You could add');
    expect(stdout).toContain('  | Recommend.\n  | Now.');
  });

  it('says which field is wrong and what to do, in words and in JSON', async () => {
    const words = await gqr(['recommend', '']);
    expect(words.code).toBe(1);
    expect(words.stderr).toContain('INVALID_REQUEST:\n  query must have 1 to 2,000 characters');
    const json = await gqr(['recommend', '', '--json']);
    expect(json.code).toBe(1);
    expect(json.json()).toMatchObject({
      error: {
        code: 3,
        details: [{ reason: 'INVALID_REQUEST' }, { fieldViolations: [{ field: 'query', description: 'must have 1 to 2,000 characters' }] }],
      },
    });
  });

  it('refuses a request with a field that the contract does not have', async () => {
    const path = join(folder, 'request.json');
    writeFileSync(path, '{"tsakId":"hint","query":"x"}');
    const { code, stderr } = await gqr(['recommend', '--request', path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/request\.json holds no request: .*tsakId/);
  });
});

describe('events import', () => {
  const lines = [
    '{"userQuery":{"eventId":"q1","sessionId":"s","occurredAt":"2026-11-23T10:00:00Z","query":"monstera"}}',
    '',
    '{"userQuery":{"eventId":"","sessionId":"s","query":"no id"}}',
    'not JSON',
    '{"click":{"eventId":"i#1","impressionId":"i","position":1}}',
    '{}',
    '{"click":{"eventId":"i#2","positoin":2}}',
  ].join('\n');

  it('imports what is right and names file, line and field of the rest', async () => {
    const path = join(folder, 'events.jsonl.gz');
    writeFileSync(path, gzipSync(Buffer.concat([Buffer.from(lines), Buffer.from('\n{"click":{"eventId":"\xff"}}\n', 'latin1')])));
    const { code, json } = await gqr(['events', 'import', path, '--json']);
    expect(code).toBe(4);
    expect(json()).toMatchObject({
      imported: 2,
      rejected: 5,
      faults: [
        { file: path, line: 3, field: 'user_query.event_id', description: 'must not be empty' },
        { line: 4, description: expect.stringContaining('JSON') as string },
        { line: 6, description: 'holds no event: one of "userQuery", "impression" and "click" is needed' },
        { line: 7, description: expect.stringContaining('positoin') as string },
        { line: 8, description: 'is not UTF-8' },
      ],
    });
  });

  it('finds the same faults without importing anything', async () => {
    const path = join(folder, 'events.jsonl');
    writeFileSync(path, lines);
    const { code, stdout } = await gqr(['events', 'import', path, '--dry-run']);
    expect(code).toBe(4);
    expect(stdout).toContain(`${path}:3  user_query.event_id  must not be empty`);
    expect(stdout).toContain('2 events are fine, 4 would be rejected. Nothing was imported.');
  });

  it('counts lines right across many messages', async () => {
    const path = join(folder, 'many.jsonl');
    const many = Array.from({ length: 2_500 }, (_, i) =>
      JSON.stringify({ userQuery: { eventId: i === 2_400 ? '' : `q${String(i)}`, query: 'x' } }),
    );
    writeFileSync(path, many.join('\n'));
    const { json } = await gqr(['events', 'import', path, '--json']);
    expect(json()).toMatchObject({ imported: 2_499, rejected: 1, faults: [{ line: 2_401 }] });
  });

  it('explains a file that is missing or cut off', async () => {
    const missing = await gqr(['events', 'import', join(folder, 'absent.jsonl')]);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('absent.jsonl cannot be read')]);
    const path = join(folder, 'cut.jsonl.gz');
    writeFileSync(path, gzipSync(lines).subarray(0, 60));
    const cut = await gqr(['events', 'import', path]);
    expect([cut.code, cut.stderr]).toEqual([2, expect.stringContaining('cannot be read to its end: unexpected end of file')]);
  });
});

describe('training runs', () => {
  it('watches a run to its end, and prints one document whatever is shown meanwhile', async () => {
    const { code, stderr, json } = await gqr(['train', 'ctr', '--set', 'epochs=2', '--set', 'variant=ctx', '--json']);
    expect(code).toBe(0);
    expect(requestsTo('StartRun')).toMatchObject([{ kind: 'ctr', options: { epochs: 2, variant: 'ctx' } }]);
    expect(stderr).toContain('train (2 of 3)  10 of 40 samples  10/s');
    expect(json()).toMatchObject({
      run: { runId: 'run-1', state: 'RUN_STATE_SUCCEEDED', model: { version: 'trained-1' }, metrics: { auc: 0.7 } },
    });
  });

  it('goes on watching through a restart of the trainer', async () => {
    fake.breakWatch = true;
    const { code, stderr, stdout } = await gqr(['train', 'cooccurrence']);
    expect(code).toBe(0);
    expect(stderr).toContain('The service is gone; waiting for it to come back');
    expect(stdout).toMatch(/state\s+succeeded[\s\S]*baseline\.auc\s+0\.5500/);
  });

  it('reports a failed run with its reason and its own exit status', async () => {
    fake.failing = 'sft';
    const { code, stdout } = await gqr(['train', 'sft', '--task', 'hint']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/error\s+the log holds no clicks; import some events first/);
    expect(requestsTo('StartRun')).toMatchObject([{ kind: 'sft', options: { task: 'hint' } }]);
  });

  it('cancels the run on Ctrl-C where nobody can be asked', async () => {
    fake.pace = 300;
    const { code, stderr, json } = await gqr(['train', 'ctr', '--json'], { interruptWhen: 'train (2 of 3)' });
    expect(code).toBe(130);
    expect(stderr).toContain('Cancelling run run-1');
    expect(json()).toMatchObject({ run: { state: 'RUN_STATE_CANCELLED' } });
  });

  it('leaves the run alone on Ctrl-C when the user says so', async () => {
    fake.pace = 300;
    const { code, stderr, stdout } = await gqr(['train', 'ctr'], { interruptWhen: 'train (2 of 3)', answer: false });
    expect(code).toBe(0);
    expect(stderr).toContain('It goes on. Watch it again: npx gqr runs watch run-1');
    expect(stdout).toMatch(/state\s+running/);
  });

  it('lists, shows and cancels runs', async () => {
    await gqr(['train', 'ctr', '--detach']);
    expect((await gqr(['runs', 'list'])).stdout).toMatch(/^RUN\s+KIND\s+STATE.*\nrun-1\s+ctr\s+queued/);
    expect((await gqr(['runs', 'cancel', 'last', '--json'])).json()).toMatchObject({
      run: { runId: 'run-1', state: 'RUN_STATE_CANCELLED' },
    });
    expect((await gqr(['runs', 'show', 'run-1'])).stdout).toMatch(/state\s+cancelled/);
    const unknown = await gqr(['runs', 'show', 'run-9']);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('UNKNOWN_RUN: there is no run run-9')]);
  });
});

describe('models', () => {
  it('lists, shows, promotes and rolls back', async () => {
    expect((await gqr(['models', 'list'])).stdout).toMatch(/ctr\s+starter-1\s+stable\s+\S+ \S+\s+4 MB\s+simulated/);
    expect((await gqr(['models', 'show', 'ctr'])).stdout).toMatch(/metrics\n\s+auc\s+0\.7123\n\s+by_task\.hint\s+0\.5000/);
    expect((await gqr(['models', 'promote', 'ctr', 'starter-1', '--json'])).json()).toEqual({ previousVersion: 'starter-0' });
    expect((await gqr(['models', 'rollback', 'ctr'])).stdout).toBe('ctr starter-0 serves again.\n');
  });
});

describe('simulate', () => {
  it('asks for what the options say and watches to the end', async () => {
    const { code, json, stderr } = await gqr(['simulate', '-n', '50', '--days', '3', '--seed', '7', '-t', 'hint', '-c', '2', '--json']);
    expect(code).toBe(0);
    expect(requestsTo('StartSimulation')).toMatchObject([
      { spec: { impressions: 50n, days: 3, users: 0, seed: 7n, tasks: ['hint'], concurrency: 2 } },
    ]);
    expect(stderr).toContain('simulating  50 of 50 impressions  12/s  12.0% clicked');
    expect(json()).toMatchObject({ simulation: { state: 'SIMULATION_STATE_SUCCEEDED', clickedImpressions: '6' } });
  });
});

describe('tasks', () => {
  it('names file, line and remedy of every fault', async () => {
    const [good, bad] = [join(folder, 'good.yaml'), join(folder, 'bad.yaml')];
    writeFileSync(good, 'id: completion\n');
    writeFileSync(bad, 'id: bad\n');
    const { code, stdout } = await gqr(['tasks', 'lint', bad, good]);
    expect(code).toBe(2);
    expect(stdout).toContain(`${bad}:3: count.max: must be a number`);
    expect(stdout).toContain('they complete what is typed');
    const { code: fine, json } = await gqr(['tasks', 'lint', good, '--json']);
    expect([fine, json()]).toMatchObject([0, { faults: [], tasks: [{ taskId: 'completion' }] }]);
  });

  it('shows a prompt and what had to give way', async () => {
    const { stdout } = await gqr(['tasks', 'preview', 'completion', 'how to fr', '--turn', 'rice => Good.', '--cooccurrence', 'fry rice']);
    expect(stdout).toMatch(/\| Typed: how to fr[\s\S]*Typed\s+3 of 48\s+shortened/);
    expect(requestsTo('PreviewTask')).toMatchObject([
      {
        task: { case: 'taskId', value: 'completion' },
        instance: { context: { query: 'how to fr', history: [{ query: 'rice', response: 'Good.' }] }, cooccurrenceQueries: ['fry rice'] },
      },
    ]);
  });

  it('writes lists by a task, or by a file that is none yet', async () => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, 'id: mine\n');
    const { stdout } = await gqr(['tasks', 'try', file, 'how to fr', '--lists', '2', '--seed', '5']);
    expect(stdout.match(/1\.\s+how to freeze rice\s+-1\.25\s*\n\s*2\.\s+how to fry rice\s+unknown/g)).toHaveLength(2);
    expect(requestsTo('TryTask')).toMatchObject([
      { source: { file, text: 'id: mine\n' }, request: { decoding: { seed: 5n } } },
      { request: { decoding: { seed: 6n } } },
    ]);
    const { json } = await gqr(['tasks', 'try', 'completion', 'how to fr', '--diversity', '0.5', '--json']);
    expect(json()).toMatchObject({ lists: [{ queries: [{ text: 'how to freeze rice' }, {}] }] });
    expect(requestsTo('Generate')).toMatchObject([{ taskId: 'completion', decoding: { diversity: 0.5 } }]);
  });

  it('says so when a file is not there', async () => {
    const { code, stderr } = await gqr(['tasks', 'lint', join(folder, 'absent.yaml')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('no such file') as string]);
  });
});
