import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { DependencyError } from '../../domain/dependency-error.js';
import { UnknownImpressionError } from '../../domain/feedback/record-feedback.js';
import { UnknownTaskError } from '../../domain/tasks/task-catalogue.js';
import { OccurredAtNotAcceptedError } from '../contract/check-moment.js';

const RETRY_AFTER_MS = 1_000;

/** How the gateway's errors are answered. */
export const errorTable: readonly ErrorRow[] = [
  row(UnknownTaskError, () => ({ code: status.NOT_FOUND, reason: 'TASK_NOT_FOUND' })),
  row(UnknownImpressionError, () => ({ code: status.NOT_FOUND, reason: 'IMPRESSION_NOT_FOUND' })),
  row(OccurredAtNotAcceptedError, () => ({ code: status.FAILED_PRECONDITION, reason: 'OCCURRED_AT_NOT_ACCEPTED' })),
  row(DependencyError, ({ reason }) => ({ code: status.UNAVAILABLE, reason, retryAfterMs: RETRY_AFTER_MS })),
];
