import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { Logger } from 'pino';
import type { SnapshotObserver } from '../../domain/load-snapshot.js';
import type { SnapshotInfo } from '../../domain/query-index.js';

/** What operators see of lookups and snapshots. */
export class LookupMetrics implements SnapshotObserver {
  private readonly lookups;
  private readonly refusals;
  private readonly pairs;
  private readonly builtAt;

  constructor(
    metrics: ServiceMetrics,
    private readonly logger: Logger,
  ) {
    this.lookups = metrics.counter('gqr_cooccurrence_lookups_total', 'Lookups by whether the query had next queries', ['outcome']);
    this.refusals = metrics.counter('gqr_cooccurrence_snapshots_refused_total', 'Snapshots that could not be loaded');
    this.pairs = metrics.gauge('gqr_cooccurrence_snapshot_pairs', 'Pairs of query and next query in the snapshot that serves');
    this.builtAt = metrics.gauge(
      'gqr_cooccurrence_snapshot_built_seconds',
      'When the snapshot that serves was built, in epoch seconds; 0 without one',
    );
  }

  lookup(hit: boolean): void {
    this.lookups.inc({ outcome: hit ? 'hit' : 'miss' });
  }

  serving(info: SnapshotInfo): void {
    this.pairs.set(info.pairs);
    this.builtAt.set((info.builtAt?.getTime() ?? 0) / 1000);
    this.logger.info({ snapshot: info.version, queries: info.queries, pairs: info.pairs }, 'snapshot serves');
  }

  refused(version: string, error: unknown): void {
    this.refusals.inc();
    this.logger.error({ snapshot: version, err: error }, 'snapshot refused');
  }
}
