import type { QueryIndex } from './query-index.js';

/** Where snapshots come from. */
export interface SnapshotSource {
  /** Versions that may serve, best first: the one that channel "stable" points to, then those before it. */
  stableVersions(): Promise<readonly string[]>;
  /**
   * Opens a snapshot after its files were checked and probed.
   * @throws SnapshotNotFoundError, UnusableSnapshotError
   */
  open(version: string): Promise<QueryIndex>;
}

/** There is no such snapshot, or no snapshot at all. */
export class SnapshotNotFoundError extends Error {
  override readonly name = 'SnapshotNotFoundError';
}

/** A snapshot is damaged or has a format that this service can't read. The old one goes on serving. */
export class UnusableSnapshotError extends Error {
  override readonly name = 'UnusableSnapshotError';
}
