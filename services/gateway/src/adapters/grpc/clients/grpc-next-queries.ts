import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import type { FromSnapshot, NextQueries, NextQuery } from '../../../domain/recommend/next-queries.js';
import { toLine } from '../../../domain/recommend/recommendation-list.js';
import type { Guard } from './guarded.js';
import { toModelVersion } from './model-version.js';

/** The cooccurrence service. Queries that cannot be shown, whatever they are, are left out. */
export class GrpcNextQueries implements NextQueries {
  constructor(
    private readonly client: GrpcClient<typeof CooccurrenceService>,
    private readonly guard: Guard,
  ) {}

  retrieve(query: string, limit: number, limits: CallLimits): Promise<FromSnapshot<NextQuery>> {
    return this.guard.call(limits, async () => {
      const { nextQueries, snapshot } = await this.client.retrieve({ query, limit }, limits);
      const usable = nextQueries
        .slice(0, limit)
        .flatMap(({ text, count, viaQuery, similarity }): NextQuery[] =>
          showable(text).map((line) => ({ text: line, count, viaQuery, similarity })),
        );
      return { queries: usable, snapshot: toModelVersion(snapshot) };
    });
  }

  listPopular(limit: number, limits: CallLimits): Promise<FromSnapshot<string>> {
    return this.guard.call(limits, async () => {
      const { queries, snapshot } = await this.client.listPopular({ limit }, limits);
      return { queries: queries.slice(0, limit).flatMap(({ text }) => showable(text)), snapshot: toModelVersion(snapshot) };
    });
  }
}

/** The text on one line, or nothing. */
function showable(text: string): string[] {
  const line = toLine(text);
  return line === undefined || line === '' ? [] : [line];
}
