import type { SnapshotInfo } from './query-index.js';
import type { ServingIndex } from './serving-index.js';
import { SnapshotNotFoundError, type SnapshotSource } from './snapshot-source.js';

/** Told of what happens to snapshots; for logs and metrics. */
export interface SnapshotObserver {
  serving(info: SnapshotInfo): void;
  refused(version: string, error: unknown): void;
}

/** Brings snapshots into service, one at a time: what is asked last serves last. */
export class SnapshotLoader {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly source: SnapshotSource,
    private readonly serving: ServingIndex,
    private readonly observer: SnapshotObserver,
  ) {}

  /**
   * Serves `version`, or the stable one if it is empty. If that fails, the old snapshot goes on serving.
   * @throws SnapshotNotFoundError, UnusableSnapshotError
   */
  load(version: string): Promise<SnapshotInfo> {
    const done = this.last.then(() => this.swapTo(version));
    this.last = done.catch((error: unknown) => {
      this.observer.refused(version || 'stable', error);
    });
    return done;
  }

  /**
   * Serves the stable snapshot at start, or the latest before it that is sound. Without any, nothing is known of any query, and that
   * is a state to serve in: the callers have other sources of queries.
   */
  async loadAtStart(): Promise<void> {
    for (const version of await this.candidates()) {
      if (await this.serves(version)) return;
    }
    this.observer.serving(this.serving.info);
  }

  private serves(version: string): Promise<boolean> {
    return this.load(version).then(
      () => true,
      () => false,
    );
  }

  private async candidates(): Promise<readonly string[]> {
    try {
      return await this.source.stableVersions();
    } catch (error) {
      this.observer.refused('stable', error);
      return [];
    }
  }

  private async swapTo(version: string): Promise<SnapshotInfo> {
    const wanted = version === '' ? await this.stable() : version;
    if (this.serving.info.version !== wanted) await this.serving.swap(await this.source.open(wanted));
    this.observer.serving(this.serving.info);
    return this.serving.info;
  }

  private async stable(): Promise<string> {
    const [version] = await this.source.stableVersions();
    if (version === undefined) throw new SnapshotNotFoundError('there is no stable snapshot; build one with: gqr train cooccurrence');
    return version;
  }
}
