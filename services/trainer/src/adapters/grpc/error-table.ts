import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { ModelNotFoundError, UnusableModelError } from '@gqr/chassis/registry/registry';
import { status } from '@grpc/grpc-js';
import { ModelRefusedError, NoEarlierVersionError, ServingUnreachableError, UnservedKindError } from '../../domain/models/promotion.js';
import { RunEndedError, RunNotFoundError, ShuttingDownError } from '../../domain/runs/errors.js';

/** How this service's own errors are answered. */
export const errorTable: readonly ErrorRow[] = [
  row(RunNotFoundError, () => ({ code: status.NOT_FOUND, reason: 'RUN_NOT_FOUND' })),
  row(RunEndedError, () => ({ code: status.FAILED_PRECONDITION, reason: 'RUN_ENDED' })),
  row(ModelNotFoundError, () => ({ code: status.NOT_FOUND, reason: 'MODEL_NOT_FOUND' })),
  row(UnusableModelError, () => ({ code: status.FAILED_PRECONDITION, reason: 'MODEL_UNUSABLE' })),
  row(ModelRefusedError, () => ({ code: status.FAILED_PRECONDITION, reason: 'MODEL_REFUSED' })),
  row(UnservedKindError, () => ({ code: status.FAILED_PRECONDITION, reason: 'KIND_NOT_SERVED' })),
  row(NoEarlierVersionError, () => ({ code: status.FAILED_PRECONDITION, reason: 'NO_EARLIER_VERSION' })),
  row(ServingUnreachableError, () => ({ code: status.UNAVAILABLE, reason: 'SERVICE_UNREACHABLE', retryAfterMs: 5_000 })),
  row(ShuttingDownError, () => ({ code: status.UNAVAILABLE, reason: 'SHUTTING_DOWN', retryAfterMs: 1_000 })),
];
