import { grpcClient } from '@gqr/chassis/grpc/client';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { readRunFile, type RunningService } from '../addresses.js';
import type { Action } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { formatBytes } from '../terminal/format.js';
import { table } from '../terminal/terminal.js';

const PATIENCE_MS = 2_000;

interface ServingModel {
  readonly kind: string;
  readonly version: string;
}

interface ServiceStatus extends RunningService {
  readonly ready: boolean;
  /** What it waits for, by part; empty when it is ready or does not answer. */
  readonly pending: Record<string, string>;
  readonly residentBytes: number | null;
  readonly models: ServingModel[];
}

async function readiness(http: string): Promise<{ ready: boolean; pending: Record<string, string> }> {
  try {
    const response = await fetch(`http://${http}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const body = (await response.json()) as { pending?: Record<string, string> };
    return { ready: response.ok, pending: body.pending ?? {} };
  } catch {
    return { ready: false, pending: {} };
  }
}

async function residentBytes(http: string): Promise<number | null> {
  try {
    const response = await fetch(`http://${http}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const value = /^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)$/m.exec(await response.text())?.[1];
    return value === undefined ? null : Number(value);
  } catch {
    return null;
  }
}

/** Asks a service which models it serves with; a service that does not answer serves with none. */
async function servingModels({ name, grpc }: RunningService): Promise<ServingModel[]> {
  const limits = { deadline: Date.now() + PATIENCE_MS };
  const ask: Record<string, () => Promise<readonly (ServingModel | undefined)[]>> = {
    ctr: async () => {
      const client = grpcClient(CtrService, grpc);
      return [(await client.getModel({}, limits).finally(client.close)).model];
    },
    cooccurrence: async () => {
      const client = grpcClient(CooccurrenceService, grpc);
      return [(await client.getSnapshot({}, limits).finally(client.close)).snapshot];
    },
    generation: async () => {
      const client = grpcClient(GenerationService, grpc);
      const { policies } = await client.listPolicies({}, limits).finally(client.close);
      return policies
        .filter(({ serving }) => serving)
        .map(({ taskId, policyVersion }) => ({ kind: `policy.${taskId}`, version: policyVersion }));
    },
  };
  try {
    const models = (await ask[name]?.()) ?? [];
    return models.filter((model) => model !== undefined).map(({ kind, version }) => ({ kind, version }));
  } catch {
    return [];
  }
}

async function statusOf(service: RunningService): Promise<ServiceStatus> {
  const [ready, memory, models] = await Promise.all([readiness(service.http), residentBytes(service.http), servingModels(service)]);
  return { ...service, ...ready, residentBytes: memory, models };
}

function row(service: ServiceStatus): string[] {
  const waiting = Object.values(service.pending).join(', ');
  return [
    service.name,
    service.ready ? 'ready' : waiting === '' ? (service.state === 'ready' ? 'no answer' : service.state) : `waits: ${waiting}`,
    String(service.restarts),
    service.residentBytes === null ? '' : formatBytes(service.residentBytes),
    service.grpc,
    service.http,
    service.models.map(({ kind, version }) => `${kind} ${version}`).join(', '),
  ];
}

/** Services, readiness, versions and memory. */
export const showStatus: Action = async ({ terminal, dataDir }) => {
  const running = readRunFile(dataDir);
  if (running === undefined) {
    terminal.result({ running: false, services: [] }, `GQR is not running on ${dataDir}. Start it with npm start.`);
    return ExitCode.NotReachable;
  }
  const services = await Promise.all(running.services.map(statusOf));
  const memory = services.reduce((sum, service) => sum + (service.residentBytes ?? 0), 0);
  const text = `${table(['SERVICE', 'STATE', 'RESTARTS', 'MEMORY', 'GRPC', 'HTTP', 'MODELS'], services.map(row))}\n\n${formatBytes(memory)} in all; running since ${running.startedAt}`;
  const document = {
    running: true,
    supervisor: { pid: running.pid, startedAt: running.startedAt },
    services: services.map((service) => ({ ...service, models: service.models.map((model) => ({ ...model })) })),
  };
  terminal.result(document, text);
  return services.every(({ ready }) => ready) ? ExitCode.Done : ExitCode.InPart;
};
