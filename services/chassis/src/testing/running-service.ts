import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';

/** A service as a process of its own, for tests over real sockets. */
export interface RunningService {
  /** host:port of gRPC. */
  readonly grpc: string;
  /** host:port of HTTP. */
  readonly http: string;
  readonly process: ChildProcess;
  /** Everything that it has written so far. */
  output(): string;
  /** Sends a signal and waits until the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts the service whose compiled main file is `main` on free loopback ports and waits until it is ready.
 * @throws Error with the service's output, if it ends or is not ready in time
 */
export async function startService(main: string | URL, env: Record<string, string> = {}, timeoutMs = 60_000): Promise<RunningService> {
  const grpc = `127.0.0.1:${String(await freePort())}`;
  const http = `127.0.0.1:${String(await freePort())}`;
  const child = spawn(process.execPath, [main instanceof URL ? main.pathname : main], {
    env: { ...process.env, GQR_GRPC_LISTEN: grpc, GQR_HTTP_LISTEN: http, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await gone;
  };
  for (const end = Date.now() + timeoutMs; ; await sleep(50)) {
    const response = await fetch(`http://${http}/readyz`).catch(() => undefined);
    if (response?.status === 200) return { grpc, http, process: child, output: () => output, stop };
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the service ended:\n${output}`);
    if (Date.now() > end) {
      await stop('SIGKILL');
      throw new Error(`the service is not ready after ${String(timeoutMs)} ms:\n${output}`);
    }
  }
}
