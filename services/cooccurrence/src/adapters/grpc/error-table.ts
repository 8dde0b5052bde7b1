import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { SnapshotNotFoundError, UnusableSnapshotError } from '../../domain/snapshot-source.js';

/** How this service's own errors are answered. */
export const errorTable: readonly ErrorRow[] = [
  row(SnapshotNotFoundError, () => ({ code: status.NOT_FOUND, reason: 'SNAPSHOT_NOT_FOUND' })),
  row(UnusableSnapshotError, () => ({ code: status.FAILED_PRECONDITION, reason: 'SNAPSHOT_UNUSABLE' })),
];
