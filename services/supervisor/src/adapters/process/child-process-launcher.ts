import { spawn } from 'node:child_process';
import type { Ending, Launcher, ServiceProcess } from '../../domain/supervised-service.js';
import type { ServicePlan } from '../../domain/service-plan.js';
import type { RotatingLog } from '../files/rotating-log.js';

/** Runs each service as a child process with a log file of its own. */
export class ChildProcessLauncher implements Launcher {
  constructor(private readonly logOf: (service: string) => RotatingLog) {}

  launch(plan: ServicePlan): ServiceProcess {
    const log = this.logOf(plan.name);
    const child = spawn(process.execPath, [plan.main], {
      env: { ...process.env, ...plan.environment },
      // Its own process group: Ctrl-C in the terminal reaches the supervisor alone, which then stops the services in order.
      detached: true,
      // The channel closes when the supervisor dies, however it dies, and with it the service ends.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log.write(chunk);
      });
    }
    const ended = new Promise<Ending>((resolve) => {
      child.once('error', (error) => {
        log.write(Buffer.from(`${error.message}\n`));
        resolve({ code: null, signal: null });
      });
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    return {
      pid: child.pid ?? 0,
      ended,
      signal: (name) => {
        child.kill(name);
      },
    };
  }
}
