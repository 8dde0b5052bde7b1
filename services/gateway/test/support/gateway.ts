import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { ClickSchema, ImpressionSchema, UserQuerySchema } from '@gqr/protos/gqr/events/v1/events';
import { RecommendationService } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { FakeDependencies } from './fake-dependencies.js';

export const MAIN = new URL('../../src/main.js', import.meta.url);

/** A gateway process, its folder and a client of it. */
export interface RunningGateway extends RunningService {
  readonly client: GrpcClient<typeof RecommendationService>;
  readonly folder: string;
  readonly eventLog: string;
  /** Stops the process and removes its folder. */
  remove(): Promise<void>;
}

/** The environment of a gateway that leans on `dependencies`. */
export function environment(dependencies: FakeDependencies, eventLog: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    GQR_GENERATION_ADDRESS: dependencies.generation.address,
    GQR_CTR_ADDRESS: dependencies.ctr.address,
    GQR_COOCCURRENCE_ADDRESS: dependencies.cooccurrence.address,
    GQR_EVENT_LOG: eventLog,
    GQR_GATEWAY_ID_SECRET: 'ab'.repeat(32),
    GQR_GATEWAY_REFRESH_SECONDS: '0.2',
    GQR_GATEWAY_CIRCUIT_SECONDS: '0.2',
    ...more,
  };
}

export async function startGateway(dependencies: FakeDependencies, env: Record<string, string> = {}): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  const eventLog = join(folder, 'events.sqlite');
  const service = await startService(MAIN, environment(dependencies, eventLog, env));
  const client = grpcClient(RecommendationService, service.grpc);
  return {
    ...service,
    client,
    folder,
    eventLog,
    remove: async () => {
      client.close();
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything that stands in an event log. */
export async function readEvents(path: string) {
  const log = new SqliteEventLog({ path });
  const events = {
    userQueries: [] as ReturnType<typeof readUserQuery>[],
    impressions: [] as ReturnType<typeof readImpression>[],
    clicks: [] as ReturnType<typeof readClick>[],
    keys: new Map<string, Set<string>>(),
  };
  const subscription = await log.subscribe({
    group: `test-${String(process.hrtime.bigint())}`,
    topics: ['gqr.user-queries.v1', 'gqr.impressions.v1', 'gqr.clicks.v1'],
    maxRecords: 10_000,
    lingerMs: 0,
    onBatch: async ({ topic, records }) => {
      events.keys.set(topic, new Set([...(events.keys.get(topic) ?? []), ...records.map((record) => record.key)]));
      for (const { value } of records) {
        if (topic === 'gqr.user-queries.v1') events.userQueries.push(readUserQuery(value));
        else if (topic === 'gqr.impressions.v1') events.impressions.push(readImpression(value));
        else events.clicks.push(readClick(value));
      }
    },
    onError: (error) => {
      throw error;
    },
  });
  await subscription.flush();
  await subscription.close();
  await log.close();
  return events;
}

const readUserQuery = (bytes: Uint8Array) => fromBinary(UserQuerySchema, bytes);
const readImpression = (bytes: Uint8Array) => fromBinary(ImpressionSchema, bytes);
const readClick = (bytes: Uint8Array) => fromBinary(ClickSchema, bytes);
