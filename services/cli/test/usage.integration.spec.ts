import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from 'commander';
import { buildProgram } from '../src/program.js';
import { FakeServices } from './fake-services.js';
import { runCli } from './run-cli.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gqr-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function keepRunFile(services: { name: string; grpc: string; http: string }[], pid = process.pid): void {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const running = services.map((service) => ({ ...service, pid, state: 'ready', restarts: 1 }));
  writeFileSync(join(folder, 'run', 'services.json'), JSON.stringify({ pid, startedAt: '2026-11-23T10:00:00.000Z', services: running }));
}

describe('where the services are', () => {
  it('is read from what the supervisor wrote', async () => {
    const fake = new FakeServices();
    await fake.start();
    keepRunFile([{ name: 'trainer', grpc: fake.address, http: '' }]);
    const { code, json } = await runCli(['runs', 'list', '--json'], { GQR_DATA: folder });
    fake.stop();
    expect([code, json()]).toEqual([0, { runs: [] }]);
  });

  it('is not known when GQR does not run: the remedy is said', async () => {
    const { code, stderr } = await runCli(['models', 'list'], { GQR_DATA: folder });
    expect(code).toBe(3);
    expect(stderr).toContain(`GQR is not running on ${folder}`);
    expect(stderr).toContain('Start it with npm start, or say where the trainer is: --trainer host:port');
  });

  it('may be wrong: that has an exit status of its own', async () => {
    const { code, json } = await runCli(['models', 'list', '--json', '--trainer', '127.0.0.1:1', '--timeout', '5'], {});
    expect(code).toBe(3);
    expect(json()).toMatchObject({ error: { code: 14 } });
  });
});

describe('status', () => {
  let http: Server;
  beforeEach(async () => {
    http = createServer((request, response) => {
      if (request.url === '/metrics') response.end('process_resident_memory_bytes{service="ctr"} 123000000\n');
      else {
        response.statusCode = 503;
        response.end(JSON.stringify({ status: 'not ready', pending: { model: 'loading the model' } }));
      }
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    http.close();
  });

  it('shows readiness and memory, and what a service waits for', async () => {
    keepRunFile([{ name: 'ctr', grpc: '127.0.0.1:1', http: `127.0.0.1:${String((http.address() as AddressInfo).port)}` }]);
    const { code, stdout } = await runCli(['status'], { GQR_DATA: folder });
    expect(code).toBe(4);
    expect(stdout).toMatch(/ctr\s+waits: loading the model\s+1\s+123 MB/);
    const { json } = await runCli(['status', '--json'], { GQR_DATA: folder });
    expect(json()).toMatchObject({ running: true, services: [{ name: 'ctr', ready: false, residentBytes: 123_000_000, models: [] }] });
  });

  it('sees that the supervisor is gone, though its file is there', async () => {
    keepRunFile([], 99_999_999);
    const { code, json } = await runCli(['status', '--json'], { GQR_DATA: folder });
    expect([code, json()]).toEqual([3, { running: false, services: [] }]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['recommend'], "missing required argument 'query'"],
    [['click', 'last'], 'say what was clicked'],
    [['click', 'last', '0'], 'integer of at least 1'],
    [['train', 'everything'], 'unknown command'],
    [['train', 'ctr', '--set', 'epochs'], 'name=value'],
    [['models', 'list', '--trainer', 'nowhere'], 'host:port'],
  ])('%j is refused with the reason and where help is', async (args, reason) => {
    const { code, stderr, stdout } = await runCli([...args], {});
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(stderr).toContain('--help');
    expect(stdout).toBe('');
  });

  it('is a document too, if one is wanted', async () => {
    const { code, json } = await runCli(['click', 'last', '--json'], {});
    expect([code, json()]).toMatchObject([2, { error: { message: expect.stringContaining('say what was clicked') as string } }]);
  });
});

describe('help', () => {
  /** Every example of every command, in the order in which help shows them. */
  function examplesOf(command: Command): string[] {
    let text = '';
    command.configureOutput({ writeOut: (more) => (text += more) }).outputHelp();
    const own = text.split('\n').filter((line) => line.startsWith('  $ '));
    return [...own.map((line) => line.slice('  $ '.length)), ...command.commands.flatMap(examplesOf)];
  }

  it('gives examples that work, one after the other', async () => {
    const fake = new FakeServices();
    fake.pace = 1;
    await fake.start();
    keepRunFile(['gateway', 'generation', 'trainer', 'simulator'].map((name) => ({ name, grpc: fake.address, http: '' })));
    const examples = [...new Set(examplesOf(buildProgram(() => Promise.resolve())))];
    expect(examples.length).toBeGreaterThan(25);
    const failed: string[] = [];
    for (const example of examples) {
      // These start the learner, which takes longer than all others together; tests of their own do.
      if (/gqr (evaluate|instances)/.test(example)) continue;
      const code = await runExample(example);
      // No service answers HTTP here, which status says with 4.
      if (code !== (example.includes('gqr status') ? 4 : 0)) failed.push(`${example}: ${String(code)}`);
    }
    fake.stop();
    expect(failed).toEqual([]);
  }, 60_000);

  /** Runs an example in this process where it is a plain call, else in a shell. */
  async function runExample(example: string): Promise<number | null> {
    const plain = /^npx gqr ([^|<>$]*?)(?: > \S+)?$/.exec(example)?.[1];
    if (plain !== undefined && !plain.includes('events import')) {
      const args = [...plain.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
      return (await runCli(args, { GQR_DATA: folder })).code;
    }
    const bin = new URL('../../bin/gqr.js', import.meta.url).pathname;
    const npx = `npx() { shift; ${JSON.stringify(process.execPath)} ${JSON.stringify(bin)} "$@"; }`;
    const shell = spawn('sh', ['-c', `${npx}\n${example}`], { cwd: folder, env: { ...process.env, GQR_DATA: folder }, stdio: 'ignore' });
    return new Promise((resolve) => shell.once('close', resolve));
  }
});
