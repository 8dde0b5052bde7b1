import { EmptyQueryIndex, type QueryIndex, type SnapshotInfo } from './query-index.js';

interface Lease {
  readonly index: QueryIndex;
  users: number;
  retired: boolean;
}

/** The index that answers. A swap is seen by the next call; calls under way finish on the index that they began with. */
export class ServingIndex {
  private lease: Lease = { index: new EmptyQueryIndex(), users: 0, retired: false };

  get info(): SnapshotInfo {
    return this.lease.index.info;
  }

  async use<T>(work: (index: QueryIndex) => Promise<T>): Promise<T> {
    const lease = this.lease;
    lease.users++;
    try {
      return await work(lease.index);
    } finally {
      lease.users--;
      await closeIfUnused(lease);
    }
  }

  async swap(index: QueryIndex): Promise<void> {
    const old = this.lease;
    this.lease = { index, users: 0, retired: false };
    old.retired = true;
    await closeIfUnused(old);
  }
}

async function closeIfUnused(lease: Lease): Promise<void> {
  if (lease.retired && lease.users === 0) await lease.index.close();
}
