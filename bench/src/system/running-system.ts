import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePortBase } from '@gqr/chassis/testing/free-port';
import { ROOT } from '../site.js';

const PORTS = 12;
const POLL_MS = 20;

interface ServiceState {
  readonly name: string;
  readonly http: string;
  readonly state: string;
  readonly pid: number | null;
}

/** A process of the system and what it holds. */
export interface ProcessMemory {
  readonly name: string;
  readonly residentBytes: number;
  /** What it shares with others, such as the file of the language model, counted in parts. */
  readonly proportionalBytes: number;
}

/** Process ids of a process and of all that it started, by /proc. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, fields = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ');
      parents.set(Number(name), Number(fields.split(' ')[1]));
    } catch {
      continue; // it has just ended
    }
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** What a process is called that is none of the services: the folder of its code below services/, or its program. */
function programOf(pid: number): string {
  const [program = '', ...args] = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
  return /\/services\/([^/]+)\//.exec(args.join(' '))?.[1] ?? basename(program);
}

function memoryOf(pid: number): { residentBytes: number; proportionalBytes: number } {
  const rollup = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  const kibibytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]);
  return { residentBytes: kibibytes('Rss') * 1024, proportionalBytes: kibibytes('Pss') * 1024 };
}

/** The whole system, as `npm start` starts it. */
export class RunningSystem {
  private output = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly dataDir: string,
    private readonly portBase: number,
    private readonly startedAt: number,
  ) {
    for (const stream of [process.stdout, process.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  static async start(dataDir: string): Promise<RunningSystem> {
    const portBase = await freePortBase(PORTS);
    const start = join(ROOT, 'services', 'supervisor', 'setup', 'start.mjs');
    const startedAt = performance.now();
    const child = spawn(process.execPath, [start], {
      cwd: ROOT,
      env: { ...process.env, GQR_DATA: dataDir, GQR_PORT_BASE: String(portBase) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new RunningSystem(child, dataDir, portBase, startedAt);
  }

  get grpc(): string {
    return `127.0.0.1:${String(this.portBase + 1)}`;
  }

  /** Milliseconds since it was started. */
  get age(): number {
    return performance.now() - this.startedAt;
  }

  /**
   * Waits until every service is ready, or has said that it waits for a model that is not there.
   * @returns milliseconds from the start by service; those that wait for a model are left out
   */
  async untilReady(onModelMissing: (service: string) => void): Promise<Map<string, number>> {
    const readyAfter = new Map<string, number>();
    const without = new Set<string>();
    for (;;) {
      const services = this.services();
      for (const { name, http } of services) {
        if (readyAfter.has(name) || without.has(name)) continue;
        const answer = await readiness(http);
        if (answer === 'ready') readyAfter.set(name, this.age);
        else if (answer.includes('names no ')) {
          without.add(name);
          onModelMissing(name);
        }
      }
      if (services.length > 0 && readyAfter.size + without.size === services.length) return readyAfter;
      if (this.process.exitCode !== null) throw new Error(`the system ended:\n${this.output}`);
      await sleep(POLL_MS);
    }
  }

  /** What every process holds: services, supervisor, and npm start's own. */
  memory(): ProcessMemory[] {
    const names = new Map(this.services().map(({ pid, name }) => [pid ?? 0, name]));
    return familyOf(this.process.pid ?? 0).map((pid) => ({
      name: names.get(pid) ?? (pid === this.process.pid ? 'npm start' : programOf(pid)),
      ...memoryOf(pid),
    }));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('close', resolve));
    this.process.kill('SIGINT');
    await ended;
  }

  private services(): readonly ServiceState[] {
    try {
      const file = readFileSync(join(this.dataDir, 'run', 'services.json'), 'utf8');
      return (JSON.parse(file) as { services: ServiceState[] }).services;
    } catch {
      return []; // it is not there yet
    }
  }
}

/** "ready", or what a service waits for as far as it says. */
async function readiness(http: string): Promise<string> {
  try {
    const response = await fetch(`http://${http}/readyz`, { signal: AbortSignal.timeout(2_000) });
    if (response.ok) return 'ready';
    const { pending } = (await response.json()) as { pending?: Record<string, string> };
    return Object.values(pending ?? {}).join(', ');
  } catch {
    return '';
  }
}
