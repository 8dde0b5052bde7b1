import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { EventKind } from '../../domain/events/event.js';
import type { IngestObserver } from '../../domain/ingest/ingest.js';
import type { Run } from '../../domain/runs/run.js';

/** What operators see of ingestion and runs. */
export class TrainerMetrics implements IngestObserver {
  private readonly events;
  private readonly offset;
  private readonly failures;
  private readonly runs;
  private readonly runSeconds;

  constructor(metrics: ServiceMetrics) {
    this.events = metrics.counter('gqr_ingest_events_total', 'Records of the log by kind and by what became of them', ['kind', 'outcome']);
    this.offset = metrics.gauge('gqr_ingest_offset', 'Last offset that was taken into the event store', ['kind']);
    this.failures = metrics.counter('gqr_ingest_failures_total', 'Batches that could not be taken and come again');
    this.runs = metrics.counter('gqr_runs_total', 'Runs that ended, by kind and state', ['kind', 'state']);
    this.runSeconds = metrics.gauge('gqr_run_seconds', 'Duration of the last run of a kind that succeeded', ['kind']);
  }

  ingested(kind: EventKind, stored: number, deadLettered: number, lastOffset: number): void {
    this.events.inc({ kind, outcome: 'stored' }, stored);
    this.events.inc({ kind, outcome: 'dead_letter' }, deadLettered);
    this.offset.set({ kind }, lastOffset);
  }

  ingestFailed(): void {
    this.failures.inc();
  }

  runEnded({ request: { kind }, state, startedAt, endedAt }: Run): void {
    this.runs.inc({ kind, state });
    if (state === 'succeeded' && startedAt !== undefined && endedAt !== undefined)
      this.runSeconds.set({ kind }, (endedAt - startedAt) / 1000);
  }
}
