import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '@gqr/chassis/testing/free-port';

const NAMES = ['gateway', 'generation', 'ctr', 'cooccurrence', 'trainer', 'simulator'];

interface RunFileContent {
  readonly pid: number;
  readonly services: readonly { name: string; http: string; grpc: string; pid: number | null; state: string; restarts: number }[];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A base below the range from which the kernel takes ports of its own accord. */
function somePortBase(): number {
  return 10_000 + 20 * Math.floor(Math.random() * 1_000);
}

describe('the supervisor', () => {
  let folder: string;
  let dataDir: string;
  let portBase: number;
  const children: ChildProcess[] = [];
  const outputs = new Map<ChildProcess, string>();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gqr-supervisor-'));
    dataDir = join(folder, 'data');
    portBase = somePortBase();
    for (const name of NAMES) {
      mkdirSync(join(folder, 'services', name, 'dist', 'src'), { recursive: true });
      const main = join(folder, 'services', name, 'dist', 'src', 'main.js');
      writeFileSync(main, `import ${JSON.stringify(new URL('./fake-service.js', import.meta.url).href)};\n`);
      writeFileSync(join(folder, 'services', name, 'package.json'), '{"type":"module"}');
    }
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function start(options: { env?: Record<string, string>; data?: string; base?: number; drainSeconds?: number } = {}): ChildProcess {
    const main = new URL('./fake-supervisor.js', import.meta.url).pathname;
    const child = spawn(
      process.execPath,
      [main, folder, options.data ?? dataDir, String(options.base ?? portBase), String(options.drainSeconds ?? 2)],
      { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    children.push(child);
    outputs.set(child, '');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => outputs.set(child, (outputs.get(child) ?? '') + chunk.toString()));
    }
    return child;
  }

  const outputOf = (child: ChildProcess): string => outputs.get(child) ?? '';
  const runFile = (): RunFileContent => JSON.parse(readFileSync(join(dataDir, 'run', 'services.json'), 'utf8')) as RunFileContent;
  const service = (name: string): RunFileContent['services'][number] => {
    const found = runFile().services.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const untilReady = async (child: ChildProcess): Promise<void> => {
    await expect.poll(() => outputOf(child), { timeout: 15_000 }).toContain('GQR is ready');
  };
  const exitCode = (child: ChildProcess): Promise<number | null> =>
    child.exitCode === null && child.signalCode === null
      ? new Promise((resolve) => {
          child.once('exit', resolve);
        })
      : Promise.resolve(child.exitCode);

  it('starts every service, says where to find them, and on Ctrl-C stops callers first and leaves nothing behind', async () => {
    const child = start();
    await untilReady(child);
    expect(outputOf(child)).toContain(`http://127.0.0.1:${String(portBase)}/`);
    expect(outputOf(child)).toContain(`127.0.0.1:${String(portBase + 1)}`);
    const { pid, services } = runFile();
    expect(pid).toBe(child.pid);
    expect(services.map(({ name, state }) => [name, state])).toEqual(NAMES.map((name) => [name, 'ready']));
    child.kill('SIGINT');
    expect(await exitCode(child)).toBe(0);
    expect(services.filter((each) => isAlive(each.pid ?? 0))).toEqual([]);
    const endedAt = (name: string): number => {
      const line =
        readFileSync(join(dataDir, 'logs', `${name}.log`), 'utf8')
          .trim()
          .split('\n')
          .at(-1) ?? '';
      return (JSON.parse(line) as { at: number }).at;
    };
    expect(endedAt('gateway')).toBeLessThanOrEqual(endedAt('trainer'));
    expect(endedAt('trainer')).toBeLessThanOrEqual(endedAt('ctr'));
    expect(() => runFile()).toThrow(/ENOENT/);
  });

  it('starts a killed service again and waits until it is ready', async () => {
    const child = start();
    await untilReady(child);
    const before = service('ctr').pid ?? 0;
    process.kill(before, 'SIGKILL');
    await expect.poll(() => [service('ctr').restarts, service('ctr').state], { timeout: 10_000 }).toEqual([1, 'ready']);
    expect(service('ctr').pid).not.toBe(before);
    await expect.poll(() => outputOf(child)).toMatch(/ctr was killed by SIGKILL; it is started again in 0\.2 s[\s\S]*ctr is ready again/);
    expect(service('gateway').restarts).toBe(0);
  });

  it('reports a crash loop with the end of the log, keeps trying, and can still be stopped', async () => {
    const child = start({ env: { FAKE_CRASHING: 'ctr' } });
    await expect.poll(() => outputOf(child), { timeout: 15_000 }).toContain('ctr has died 4 times in a row');
    expect(outputOf(child)).toContain('ended with exit status 3');
    expect(outputOf(child)).toContain('the model file is broken');
    expect(service('gateway').state).toBe('ready');
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });

  it('kills a service that does not end within its time', async () => {
    const child = start({ env: { FAKE_STUBBORN: 'ctr' }, drainSeconds: 0 });
    await untilReady(child);
    const { pid } = service('ctr');
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
    expect(isAlive(pid ?? 0)).toBe(false);
  });

  it('leaves no orphan when it is killed itself, and the next start takes over at once', async () => {
    const child = start();
    await untilReady(child);
    const { services } = runFile();
    child.kill('SIGKILL');
    await expect.poll(() => services.filter((each) => isAlive(each.pid ?? 0)).length, { timeout: 10_000 }).toBe(0);
    const next = start();
    await untilReady(next);
    expect(runFile().pid).toBe(next.pid);
  });

  it('stops when the process that started it is gone', async () => {
    const child = start();
    await untilReady(child);
    child.disconnect();
    expect(await exitCode(child)).toBe(0);
  });

  it('refuses a second start on the same state and says which process has it', async () => {
    const first = start();
    await untilReady(first);
    const second = start({ base: somePortBase() });
    expect(await exitCode(second)).toBe(1);
    expect(outputOf(second)).toContain(`GQR is running already on ${dataDir} (process ${String(first.pid)})`);
    expect(outputOf(second)).toContain('What to do: ');
    expect(outputOf(second)).not.toContain('    at ');
    expect(service('gateway').state).toBe('ready');
  });

  describe('with a port in use', () => {
    let squatter: Server;
    afterEach(
      () =>
        new Promise<void>((resolve) =>
          squatter.close(() => {
            resolve();
          }),
        ),
    );

    it('says which, for what, and the remedy, before anything is started', async () => {
      squatter = createServer();
      const port = await freePort();
      await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
      const child = start({ base: port - 3 });
      expect(await exitCode(child)).toBe(1);
      expect(outputOf(child)).toContain(`127.0.0.1:${String(port)} for generation: in use`);
      expect(outputOf(child)).toContain('GQR_PORT_BASE');
      expect(outputOf(child)).not.toContain('    at ');
    });
  });
});
