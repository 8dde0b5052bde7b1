import { join } from 'node:path';
import { ModelNotFoundError, type ModelRegistry, UnusableModelError } from '@gqr/chassis/registry/registry';
import type { QueryIndex } from '../../domain/query-index.js';
import { SnapshotNotFoundError, type SnapshotSource, UnusableSnapshotError } from '../../domain/snapshot-source.js';
import { SqliteQueryIndex } from '../sqlite/sqlite-query-index.js';

const KIND = 'cooccurrence';
const CHANNEL = 'stable';
const FILE = 'snapshot.sqlite';

/** Snapshots of the model registry. */
export class RegistrySnapshotSource implements SnapshotSource {
  constructor(private readonly registry: ModelRegistry) {}

  async stableVersions(): Promise<readonly string[]> {
    const stable = await this.registry.channel(KIND, CHANNEL);
    return stable === undefined ? [] : [stable, ...(await this.registry.channelHistory(KIND, CHANNEL))];
  }

  async open(version: string): Promise<QueryIndex> {
    try {
      const { path } = await this.registry.fetch({ kind: KIND, version });
      return SqliteQueryIndex.open(join(path, FILE), version);
    } catch (error) {
      if (error instanceof ModelNotFoundError) throw new SnapshotNotFoundError(error.message);
      if (error instanceof UnusableModelError) throw new UnusableSnapshotError(error.message);
      throw error;
    }
  }
}
