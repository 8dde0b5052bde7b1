import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePortBase } from '@gqr/chassis/testing/free-port';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const SERVICES = ['gateway', 'generation', 'ctr', 'cooccurrence', 'trainer', 'simulator'] as const;
export type ServiceName = (typeof SERVICES)[number];
/** Those that are ready on an empty state; the click predictor waits for a model, which may ship with the project or not. */
const READY_AT_ONCE = SERVICES.filter((name) => name !== 'ctr');

const NEEDED = ['GQR_CACHE', 'GQR_LLM_MODEL', 'GQR_LLM_MODEL_SHA256'];
const absent = NEEDED.filter((name) => process.env[name] === undefined);
/** Why no journey can be made here; undefined if it can. */
export const impossible =
  absent.length === 0 ? undefined : `${absent.join(', ')} not set; npm test sets up what a journey needs and sets them`;
if (impossible !== undefined) console.log(`skipped: ${impossible}`);

/** Variables of the surroundings that would lead the system, or its command line, elsewhere. */
const ELSEWHERE = [
  'GQR_HOST',
  'GQR_HTTP_PORT',
  'GQR_GRPC_PORT',
  'GQR_GATEWAY_ADDRESS',
  'GQR_TRAINER_ADDRESS',
  'GQR_SIMULATOR_ADDRESS',
] as const;

function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const surroundings = Object.entries(process.env).filter(([name]) => !ELSEWHERE.some((other) => other === name));
  return { ...Object.fromEntries(surroundings), ...own };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Long, because nothing here is about speed: a machine may have much else to do. */
export const PATIENCE_MS = 600_000;

/** Ports that the system takes from its base on. */
export const PORTS = 12;

/** A service as the supervisor's file tells of it. */
export interface ServiceState {
  readonly name: ServiceName;
  readonly grpc: string;
  readonly http: string;
  readonly pid: number | null;
  readonly state: string;
  readonly restarts: number;
}

/** A command that has ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GqrOptions {
  /** Folder of all state; a new one if it is left out. */
  readonly dataDir?: string;
  /** First of twelve ports; free ones if it is left out. */
  readonly portBase?: number;
  readonly env?: Record<string, string>;
}

/** The whole system as `npm start` runs it: the supervisor as a process of its own, on a state folder and ports of its own. */
export class Gqr {
  /** Exit status, once it has ended. */
  readonly exited: Promise<number | null>;
  private text = '';

  private constructor(
    private readonly process: ChildProcess,
    readonly dataDir: string,
    private readonly portBase: number,
  ) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    }
    this.exited = new Promise((resolve) => {
      process.once('close', resolve);
    });
  }

  /** Starts it and waits for nothing. */
  static async launch(options: GqrOptions = {}): Promise<Gqr> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'gqr-e2e-'));
    const portBase = options.portBase ?? (await freePortBase(PORTS));
    const main = join(ROOT, 'services', 'supervisor', 'dist', 'src', 'main.js');
    const child = spawn(process.execPath, [main], {
      cwd: ROOT,
      env: environment({ GQR_DATA: dataDir, GQR_PORT_BASE: String(portBase), GQR_LLM_THREADS: '1', ...options.env }),
      // The channel: when the tests are killed the supervisor notices and stops everything.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return new Gqr(child, dataDir, portBase);
  }

  /** Starts it and waits until it serves. */
  static async start(options: GqrOptions = {}): Promise<Gqr> {
    const gqr = await Gqr.launch(options);
    try {
      await gqr.untilReady(READY_AT_ONCE);
      return gqr;
    } catch (error) {
      await gqr.remove();
      throw error;
    }
  }

  /** host:port of the public contract. */
  get grpc(): string {
    return `127.0.0.1:${String(this.portBase + 1)}`;
  }

  /** host:port of its HTTP twin. */
  get http(): string {
    return `127.0.0.1:${String(this.portBase)}`;
  }

  /** Everything that it has told its terminal. */
  get output(): string {
    return this.text;
  }

  /** Everything that it runs, by the file that it keeps of it; none before it is there. */
  services(): readonly ServiceState[] {
    try {
      const file = readFileSync(join(this.dataDir, 'run', 'services.json'), 'utf8');
      return (JSON.parse(file) as { services: ServiceState[] }).services;
    } catch {
      return [];
    }
  }

  service(name: ServiceName): ServiceState | undefined {
    return this.services().find((service) => service.name === name);
  }

  /** Waits until the supervisor has found `names` ready. @throws Error with what it said, if it ends or they are not ready in time */
  async untilReady(names: readonly ServiceName[]): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(200)) {
      const waiting = names.filter((name) => this.service(name)?.state !== 'ready');
      if (waiting.length === 0) return;
      if (this.process.exitCode !== null) throw new Error(`the system ended:\n${this.text}`);
      if (Date.now() > end) throw new Error(`not ready in time: ${waiting.join(', ')}\n${this.text}`);
    }
  }

  /** Runs `npx gqr` on it. */
  async cli(args: readonly string[]): Promise<Finished> {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { gqr: string } };
    const child = spawn(process.execPath, [join(ROOT, bin.gqr), ...args], {
      env: environment({ GQR_DATA: this.dataDir }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  /** Runs `npx gqr` with --json: its one document. @throws Error with what it said, unless it ends with 0 */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.cli([...args, '--json']);
    if (code !== 0) throw new Error(`npx gqr ${args.join(' ')} ended with ${String(code)}:\n${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Presses Ctrl-C and waits for the end; the exit status. */
  async stop(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.exited;
  }

  /** Stops it if it runs, and removes its state. */
  async remove(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
