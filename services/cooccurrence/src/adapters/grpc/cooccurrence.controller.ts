import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import type {
  GetSnapshotResponseSchema,
  ListPopularRequest,
  ListPopularResponseSchema,
  LoadSnapshotRequest,
  LoadSnapshotResponseSchema,
  RetrieveRequest,
  RetrieveResponseSchema,
} from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { SnapshotLoader } from '../../domain/load-snapshot.js';
import type { SnapshotInfo } from '../../domain/query-index.js';
import { Retrieval } from '../../domain/retrieve.js';
import { ServingIndex } from '../../domain/serving-index.js';
import { LookupMetrics } from '../metrics/lookup-metrics.js';
import { parseLimit, parseRetrieve } from './parse.js';

const SERVICE = 'CooccurrenceService';

function model(version: string): { kind: string; version: string } {
  return { kind: 'cooccurrence', version };
}

function snapshotMessage(info: SnapshotInfo): MessageInitShape<typeof GetSnapshotResponseSchema> {
  return {
    snapshot: model(info.version),
    queries: BigInt(info.queries),
    pairs: BigInt(info.pairs),
    ...(info.builtAt && { builtAt: timestampFromDate(info.builtAt) }),
    ...(info.windowStart && { windowStart: timestampFromDate(info.windowStart) }),
    ...(info.windowEnd && { windowEnd: timestampFromDate(info.windowEnd) }),
  };
}

/** The contract of the service: parses, asks the domain, maps back. */
@Controller()
export class CooccurrenceController {
  constructor(
    @Inject(Retrieval) private readonly retrieval: Retrieval,
    @Inject(SnapshotLoader) private readonly loader: SnapshotLoader,
    @Inject(ServingIndex) private readonly serving: ServingIndex,
    @Inject(LookupMetrics) private readonly metrics: LookupMetrics,
  ) {}

  @GrpcMethod(SERVICE, 'Retrieve')
  async retrieve(request: RetrieveRequest): Promise<MessageInitShape<typeof RetrieveResponseSchema>> {
    const { query, limit } = parseRetrieve(request);
    const { found, version } = await this.retrieval.retrieve(query, limit);
    this.metrics.lookup(found.length > 0);
    noteRpc({ found: found.length, snapshot: version });
    return { nextQueries: found.map((next) => ({ ...next, count: BigInt(next.count) })), snapshot: model(version) };
  }

  @GrpcMethod(SERVICE, 'ListPopular')
  async listPopular(request: ListPopularRequest): Promise<MessageInitShape<typeof ListPopularResponseSchema>> {
    const { found, version } = await this.retrieval.listPopular(parseLimit(request));
    noteRpc({ found: found.length, snapshot: version });
    return { queries: found.map(({ text, count }) => ({ text, count: BigInt(count) })), snapshot: model(version) };
  }

  @GrpcMethod(SERVICE, 'GetSnapshot')
  getSnapshot(): MessageInitShape<typeof GetSnapshotResponseSchema> {
    return snapshotMessage(this.serving.info);
  }

  @GrpcMethod(SERVICE, 'LoadSnapshot')
  async loadSnapshot(request: LoadSnapshotRequest): Promise<MessageInitShape<typeof LoadSnapshotResponseSchema>> {
    const info = await this.loader.load(request.version);
    noteRpc({ snapshot: info.version });
    return { snapshot: snapshotMessage(info) };
  }
}
