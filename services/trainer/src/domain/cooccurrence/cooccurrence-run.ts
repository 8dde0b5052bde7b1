import { join } from 'node:path';
import type { LogIngestion } from '../ingest/ingestion.js';
import type { ModelStore } from '../models/model-store.js';
import type { Promotion } from '../models/promotion.js';
import { RunFailedError } from '../runs/errors.js';
import type { RunKind, RunWork } from '../runs/run-kind.js';
import { mixOf, type TrafficMix, type Window, windowBefore } from '../runs/window.js';
import type { CountingTotals, NextQueryCounts, NextQueryData } from './next-query-data.js';
import type { CooccurrenceOptions } from './options.js';

/** What is written of a window's counts. */
export interface WrittenSnapshot {
  readonly queries: number;
  readonly pairs: number;
}

/** Writes snapshots. */
export interface SnapshotWriter {
  /** Writes the counts to a new file. */
  write(path: string, counts: NextQueryCounts, window: Window, report: (queries: number) => void): Promise<WrittenSnapshot>;
}

/** The contract's largest limit of ListPopular. */
const MAX_POPULAR = 100;

/** A snapshot in the run's folder. */
interface BuiltSnapshot {
  readonly folder: string;
  readonly window: Window;
  readonly traffic: TrafficMix;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Builds D_coo from the log and has it serve (paper sections 3.3 and 3.4.1). */
export class CooccurrenceRun implements RunKind<CooccurrenceOptions> {
  readonly stages = ['ingest', 'count', 'register', 'swap'];

  constructor(
    private readonly ingestion: LogIngestion,
    private readonly data: NextQueryData,
    private readonly writer: SnapshotWriter,
    private readonly models: ModelStore,
    private readonly promotion: Promotion,
  ) {}

  async execute(options: CooccurrenceOptions, work: RunWork): Promise<void> {
    const built = await work.folder.once('snapshot', () => this.build(options, work));
    work.measured(built.metrics);
    const { window, traffic, metrics } = built;
    const model = { kind: 'cooccurrence', version: work.version };
    work.report({ stage: 'register' });
    await this.models.publish({ ...model, metrics, config: { ...options }, window, parents: [], traffic }, built.folder);
    work.wrote(model);
    work.report({ stage: 'swap' });
    await this.promotion.promote(model, work.signal);
  }

  private async build(options: CooccurrenceOptions, { folder, signal, report }: RunWork): Promise<BuiltSnapshot> {
    report({ stage: 'ingest' });
    await this.ingestion.flush(signal);
    report({ stage: 'count', unit: 'queries' });
    const lastQueryAt = await this.data.lastQueryAt(options.traffic, signal);
    if (lastQueryAt === undefined)
      throw new RunFailedError(`the log holds no queries of traffic "${options.traffic}"; call Recommend or import events first`);
    const window = windowBefore(lastQueryAt, options.days);
    const target = join(folder.path, 'snapshot');
    return this.data.count({ ...options, window, maxPopular: MAX_POPULAR }, signal, async (counts) => {
      const written = await this.writer.write(join(target, 'snapshot.sqlite'), counts, window, (done) => {
        report({ stage: 'count', done, unit: 'queries' });
      });
      if (written.pairs === 0) throw new RunFailedError(nothingFollows(counts.totals, options));
      const { sessions, asked, hubs, rarePairs } = counts.totals;
      const metrics = { ...written, sessions, asked: asked.live + asked.simulated, hubs, rarePairs, popular: counts.popular.length };
      return { folder: target, window, traffic: mixOf(asked), metrics };
    });
  }
}

function nothingFollows({ sessions, rarePairs }: CountingTotals, { minCount }: CooccurrenceOptions): string {
  const found = `in ${String(sessions)} sessions no query followed another one ${String(minCount)} times or more`;
  const remedy =
    rarePairs > 0 ? `lower option minCount (${String(rarePairs)} pairs are rarer) or wait for more traffic` : 'wait for more traffic';
  return `${found}; the snapshot that serves stays. Remedy: ${remedy}`;
}
