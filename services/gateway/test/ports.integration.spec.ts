import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Circuit } from '@gqr/chassis/concurrency/circuit';
import type { EventLog } from '@gqr/chassis/event-log/event-log';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { unlimited } from '@gqr/chassis/grpc/call';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { expect, it } from 'vitest';
import { EventLogJournal } from '../src/adapters/event-log/event-log-journal.js';
import { GrpcClickPredictor } from '../src/adapters/grpc/clients/grpc-click-predictor.js';
import { GrpcNextQueries } from '../src/adapters/grpc/clients/grpc-next-queries.js';
import { GrpcQueryWriter } from '../src/adapters/grpc/clients/grpc-query-writer.js';
import { GrpcTaskSource } from '../src/adapters/grpc/clients/grpc-task-source.js';
import { Guard } from '../src/adapters/grpc/clients/guarded.js';
import type { Dependency } from '../src/domain/dependency-error.js';
import type { Subject } from './contracts/dependency.contract.js';
import { click, journalContract, query } from './contracts/journal.contract.js';
import { clickPredictorContract, nextQueriesContract, queryWriterContract, taskSourceContract } from './contracts/ports.contract.js';
import { FakeClickPredictor } from './fakes/fake-click-predictor.js';
import { FakeJournal } from './fakes/fake-journal.js';
import { FakeNextQueries } from './fakes/fake-next-queries.js';
import { FakeQueryWriter } from './fakes/fake-query-writer.js';
import { FakeTaskSource } from './fakes/fake-task-source.js';
import type { Misbehaviour } from './fakes/misbehaviour.js';
import { suggestion } from './fakes/tasks.js';
import { listFor, startFakeDependencies } from './support/fake-dependencies.js';
import { type FakeServer, hang } from './support/fake-server.js';
import { readEvents } from './support/gateway.js';

const FOREVER_MS = 600_000;

async function openFake<Port extends Misbehaviour>(port: Port): Promise<Subject<Port>> {
  return {
    port,
    hang: () => {
      port.delayMs = FOREVER_MS;
    },
    leave: () => {
      port.fail('unavailable');
    },
    close: () => undefined,
  };
}

queryWriterContract('FakeQueryWriter', () => {
  const writer = new FakeQueryWriter();
  writer.texts = ['solar panels 1', 'solar panels 2'];
  writer.auxiliaryTexts = { prefix: 'Tell me:' };
  return openFake(writer);
});
clickPredictorContract('FakeClickPredictor', () => openFake(new FakeClickPredictor()));
nextQueriesContract('FakeNextQueries', () => {
  const queries = new FakeNextQueries();
  queries.next = { 'solar panels': ['solar panels price', 'solar panels for renters'] };
  queries.popular = ['weather tomorrow', 'convert cups to ml'];
  return openFake(queries);
});
taskSourceContract('FakeTaskSource', () => openFake(new FakeTaskSource([suggestion])));

const guardOf = (dependency: Dependency): Guard =>
  new Guard(dependency, new Circuit({ failures: 5, openMs: 1000, now: Date.now, onChange: () => undefined }), 1000);

/** The real adapter on a real socket, with a fake service at its other end. */
async function openGrpc<Port>(
  server: FakeServer,
  connect: (address: string) => { readonly port: Port; readonly close: () => void },
  methods: readonly string[],
): Promise<Subject<Port>> {
  const { port, close } = connect(server.address);
  return {
    port,
    hang: () => {
      for (const method of methods) server.on(method, hang);
    },
    leave: () => server.stop(),
    close: async () => {
      close();
      await server.stop();
    },
  };
}

/** Of the fake dependencies, the one that is wanted. */
async function only(name: 'generation' | 'ctr' | 'cooccurrence'): Promise<FakeServer> {
  const all = await startFakeDependencies();
  const unwanted = [all.generation, all.ctr, all.cooccurrence].filter((server) => server !== all[name]);
  await Promise.all(unwanted.map((server) => server.stop()));
  return all[name];
}

queryWriterContract('GrpcQueryWriter', async () => {
  const server = await only('generation');
  server.on('StreamGenerate', async function* (request) {
    const list = { ...listFor(request), auxiliaryTexts: { prefix: 'Tell me:' } };
    yield { event: { case: 'auxiliaryText', value: { name: 'prefix', text: 'Tell me:' } } };
    for (const query of list.queries) yield { event: { case: 'query', value: query } };
    yield { event: { case: 'response', value: list } };
  });
  return openGrpc(
    server,
    (address) => {
      const client = grpcClient(GenerationService, address);
      return { port: new GrpcQueryWriter(client, guardOf('generation')), close: client.close };
    },
    ['StreamGenerate'],
  );
});
clickPredictorContract('GrpcClickPredictor', async () =>
  openGrpc(
    await only('ctr'),
    (address) => {
      const client = grpcClient(CtrService, address);
      return { port: new GrpcClickPredictor(client, guardOf('ctr')), close: client.close };
    },
    ['BatchPredictNext'],
  ),
);
nextQueriesContract('GrpcNextQueries', async () =>
  openGrpc(
    await only('cooccurrence'),
    (address) => {
      const client = grpcClient(CooccurrenceService, address);
      return { port: new GrpcNextQueries(client, guardOf('cooccurrence')), close: client.close };
    },
    ['Retrieve', 'ListPopular'],
  ),
);
taskSourceContract('GrpcTaskSource', async () =>
  openGrpc(
    await only('generation'),
    (address) => {
      const client = grpcClient(GenerationService, address);
      return { port: new GrpcTaskSource(client, guardOf('generation')), close: client.close };
    },
    ['ListTasks'],
  ),
);

journalContract('FakeJournal', async () => {
  const journal = new FakeJournal();
  return {
    ...(await openFake(journal)),
    read: async () => ({
      queries: journal.queries.map(({ eventId }) => eventId),
      impressions: journal.impressions.map(({ impressionId }) => impressionId),
      clicks: journal.clicks.map(({ eventId }) => eventId),
    }),
  };
});

const QUIET = { syncLists: false, onError: () => undefined };

it.each([
  [false, 'are written, not synced'],
  [true, 'are synced, too, if that is asked for'],
])('clicks are synced before they are acknowledged; where that is asked for lists: %j, these %s', async (...[syncLists]) => {
  const waited: (boolean | undefined)[] = [];
  const append: EventLog['append'] = (_records, options) => {
    waited.push(options?.synced ?? true);
    return Promise.resolve();
  };
  const journal = new EventLogJournal({ append } as EventLog, { ...QUIET, syncLists });
  await journal.recordRecommendation(query, undefined, unlimited);
  await journal.recordClicks([click(1)], unlimited);
  expect(waited).toEqual([syncLists, true]);
});

journalContract('EventLogJournal on SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  const path = join(folder, 'events.sqlite');
  const log = new SqliteEventLog({ path });
  let append: EventLog['append'] = (records, options) => log.append(records, options);
  const journal = new EventLogJournal({ append: (records, options) => append(records, options) } as EventLog, QUIET);
  return {
    port: journal,
    hang: () => {
      append = () => new Promise(() => undefined);
    },
    leave: () => log.close(),
    close: async () => {
      await log.close().catch(() => undefined);
      rmSync(folder, { recursive: true });
    },
    read: async () => {
      const { userQueries, impressions, clicks } = await readEvents(path);
      return {
        queries: userQueries.map(({ eventId }) => eventId),
        impressions: impressions.map(({ impressionId }) => impressionId),
        clicks: clicks.map(({ eventId }) => eventId),
      };
    },
  };
});
