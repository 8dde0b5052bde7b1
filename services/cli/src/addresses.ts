import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ExitCode } from './exit-code.js';
import { CliFailure } from './failure.js';

const runFile = z.object({
  pid: z.number(),
  startedAt: z.string(),
  services: z.array(
    z.object({
      name: z.string(),
      grpc: z.string(),
      http: z.string(),
      pid: z.number().nullable(),
      state: z.string(),
      restarts: z.number(),
    }),
  ),
});
/** What the supervisor writes about the services that it runs. */
export type RunFile = z.output<typeof runFile>;
export type RunningService = RunFile['services'][number];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The services that run on a data folder; undefined if none do. A supervisor that was killed leaves its file behind. */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    const found = runFile.parse(JSON.parse(readFileSync(join(dataDir, 'run', 'services.json'), 'utf8')));
    return isAlive(found.pid) ? found : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliFailure(
      `${join(dataDir, 'run', 'services.json')} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Stop GQR and start it again with npm start.',
      ExitCode.Failed,
    );
  }
}

export type ServiceName = 'gateway' | 'generation' | 'trainer' | 'simulator';

/** Addresses that the user gave, by flag or by environment variable. */
export type GivenAddresses = Readonly<Partial<Record<ServiceName, string>>>;

/** host:port of a service: as given, else where the supervisor of the data folder runs it. @throws CliFailure if neither says */
export function addressOf(name: ServiceName, given: GivenAddresses, dataDir: string): string {
  const found = given[name] ?? readRunFile(dataDir)?.services.find((service) => service.name === name)?.grpc;
  if (found !== undefined) return found;
  throw new CliFailure(
    `GQR is not running on ${dataDir}`,
    `Start it with npm start, or say where the ${name} is: --${name} host:port`,
    ExitCode.NotReachable,
  );
}
