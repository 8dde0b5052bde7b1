import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@gqr/chassis/errors';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { SetupFailure } from '../setup/failure.mjs';
import { AlreadyRunningError, lockInstance } from './adapters/files/instance-lock.js';
import { RotatingLog } from './adapters/files/rotating-log.js';
import { RunFile } from './adapters/files/run-file.js';
import { HttpReadiness } from './adapters/http/http-readiness.js';
import { findRefused, type RefusedAddress } from './adapters/net/ports-in-use.js';
import { ChildProcessLauncher } from './adapters/process/child-process-launcher.js';
import { importStarterEvents } from './adapters/process/starter-events.js';
import { TerminalReport, welcome } from './adapters/terminal/terminal-report.js';
import type { ServicePlan } from './domain/service-plan.js';
import { importStarterModels } from './domain/starter-models.js';
import { type Clock, SupervisedService } from './domain/supervised-service.js';
import { Supervisor } from './domain/supervisor.js';

export interface RunOptions {
  readonly root: string;
  readonly dataDir: string;
  readonly drainSeconds: number;
  readonly plans: readonly ServicePlan[];
  readonly say: (line: string) => void;
}

const KILL_AFTER_DRAIN_MS = 2_000;
/** A service that is not ready by then has a reason that waiting does not mend, such as no model. */
const PATIENCE_MS = 45_000;
/** A second Ctrl-C counts only after this time: a terminal sends one signal to several processes, which pass it on. */
const SAME_SIGNAL_MS = 1_000;

const clock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  },
};

function lock(dataDir: string, runFile: RunFile): { release(): void } {
  try {
    return lockInstance(dataDir);
  } catch (error) {
    if (!(error instanceof AlreadyRunningError)) throw error;
    const pid = runFile.leftBehindBy();
    throw new SetupFailure(
      `${error.message}${pid === undefined || pid === 0 ? '' : ` (process ${String(pid)})`}`,
      'Use it (npx gqr status), stop it with Ctrl-C where it runs, or start another one beside it with its own state and ports:\n' +
        '  GQR_DATA=/path/to/state GQR_PORT_BASE=20000 npm start',
    );
  }
}

function explainRefused(refused: readonly RefusedAddress[]): SetupFailure {
  const [first] = refused;
  const port = first?.address.slice(first.address.lastIndexOf(':') + 1) ?? '';
  const list = refused.map(({ service, address, code }) => `  ${address} for ${service}: ${code === 'EADDRINUSE' ? 'in use' : code}`);
  return new SetupFailure(
    `These addresses cannot be had:\n${list.join('\n')}`,
    `Stop what listens there (lsof -i :${port} shows it), or choose others: GQR_HTTP_PORT and GQR_GRPC_PORT for the gateway,\n` +
      '  GQR_PORT_BASE for all, GQR_HOST for the host: GQR_PORT_BASE=20000 npm start',
  );
}

/** Services of a supervisor that was killed end by themselves within their drain time; only then are their ports free. */
async function claimPorts(options: RunOptions, afterKill: boolean): Promise<void> {
  const patience = afterKill ? options.drainSeconds * 1000 + KILL_AFTER_DRAIN_MS : 0;
  const end = Date.now() + patience;
  for (let told = false; ; told = true) {
    const refused = await findRefused(options.plans);
    if (refused.length === 0) return;
    if (Date.now() >= end) throw explainRefused(refused);
    if (!told) options.say('  Waiting for the services of a run that was killed to end');
    await sleep(200);
  }
}

async function loadStarterModels({ root, dataDir, say }: RunOptions): Promise<void> {
  try {
    const shipped = new DirectoryRegistry(join(root, 'starter', 'models'));
    const loaded = await importStarterModels(shipped, new DirectoryRegistry(join(dataDir, 'registry')));
    if (loaded.length > 0) say(`✓ Starter models: ${loaded.map(({ kind, version }) => `${kind} ${version}`).join(', ')}`);
  } catch (error) {
    // What is in the registry already may serve all the same.
    say(`✗ The starter models could not be loaded: ${messageOf(error)}\n  git checkout starter/models brings them back.`);
  }
}

async function loadStarterEvents({ root, dataDir, say }: RunOptions, supervisor: Supervisor, stopping: AbortSignal): Promise<void> {
  const trainer = supervisor.find('trainer');
  await trainer.firstReady;
  try {
    const imported = await importStarterEvents({ root, dataDir, trainer: trainer.plan.grpc, signal: stopping });
    if (imported) say('✓ The starter sessions are in the event log');
  } catch (error) {
    if (!stopping.aborted) say(`✗ The starter sessions could not be imported; the next start tries again: ${messageOf(error)}`);
  }
}

/** Says where everything is once all of it is ready; after a while as soon as the gateway is, because it serves with what there is. */
async function welcomeUser({ dataDir, say }: RunOptions, supervisor: Supervisor, begun: number, stopping: AbortSignal): Promise<void> {
  const gateway = supervisor.find('gateway');
  await Promise.race([supervisor.ready(), clock.sleep(PATIENCE_MS, stopping).then(() => gateway.firstReady)]);
  if (stopping.aborted) return;
  const notReady = supervisor.services.filter(({ state }) => state !== 'ready').map(({ plan }) => plan.name);
  const { http, grpc } = gateway.plan;
  say(welcome({ http, grpc, dataDir, readyMs: performance.now() - begun, notReady }));
}

/** Resolves with the reason when somebody wants the supervisor to stop; asked a second time it kills. */
function stopRequested(supervisor: Supervisor): Promise<string> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const request = (why: string): void => {
      if (firstAt !== undefined && Date.now() - firstAt > SAME_SIGNAL_MS) supervisor.kill();
      firstAt ??= Date.now();
      resolve(why);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
    process.on('disconnect', () => {
      request('the process that started it is gone');
    });
  });
}

/** Starts all services and keeps them running until a signal asks to stop. @throws SetupFailure when something prevents the start */
export async function runSupervisor(options: RunOptions): Promise<void> {
  const { dataDir, plans, say } = options;
  const begun = performance.now();
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  const runFile = new RunFile(dataDir, new Date());
  const instance = lock(dataDir, runFile);
  await claimPorts(options, runFile.leftBehindBy() !== undefined);
  await loadStarterModels(options);

  const logs = new Map<string, RotatingLog>();
  const logOf = (name: string): RotatingLog => {
    const log = logs.get(name) ?? openLog(dataDir, name, say);
    logs.set(name, log);
    return log;
  };
  const report = new TerminalReport(say, logOf);
  const observer = {
    becameReady: report.becameReady.bind(report),
    died: report.died.bind(report),
    changed: () => {
      writeRunFile(runFile, supervisor, say);
    },
  };
  const around = { launcher: new ChildProcessLauncher(logOf), probe: new HttpReadiness(), clock, observer };
  const services = plans.map((plan) => new SupervisedService(plan, around));
  const supervisor = new Supervisor(services, options.drainSeconds * 1000 + KILL_AFTER_DRAIN_MS);

  const stopped = stopRequested(supervisor);
  const stopping = new AbortController();
  report.tellOfPending(services, stopping.signal);
  supervisor.start();
  void welcomeUser(options, supervisor, begun, stopping.signal);
  void loadStarterEvents(options, supervisor, stopping.signal);
  const why = await stopped;
  stopping.abort();
  say(`\nStopping (${why}) ...`);
  await supervisor.stop();
  for (const log of logs.values()) log.close();
  runFile.remove();
  instance.release();
  say('✓ Everything is stopped.');
}

function openLog(dataDir: string, service: string, say: (line: string) => void): RotatingLog {
  let told = false;
  return new RotatingLog(join(dataDir, 'logs', `${service}.log`), (error) => {
    if (!told) say(`✗ The log of ${service} cannot be written: ${messageOf(error)}`);
    told = true;
  });
}

function writeRunFile(runFile: RunFile, supervisor: Supervisor, say: (line: string) => void): void {
  try {
    runFile.write(supervisor.services);
  } catch (error) {
    // A full disk must not take the services down with it.
    say(`✗ ${runFile.path} cannot be written: ${messageOf(error)}`);
  }
}
