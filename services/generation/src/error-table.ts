import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import {
  BackendFaultError,
  BackendUnavailableError,
  ListIncompleteError,
  ServingPolicyError,
  UnknownPolicyError,
  UnknownTaskError,
  UnsupportedByBackendError,
  UnusablePolicyError,
} from './domain/errors.js';

/** How each failure of this service is answered. */
export const generationErrors: readonly ErrorRow[] = [
  row(UnknownTaskError, () => ({ code: status.NOT_FOUND, reason: 'UNKNOWN_TASK' })),
  row(UnknownPolicyError, () => ({ code: status.NOT_FOUND, reason: 'UNKNOWN_POLICY' })),
  row(UnusablePolicyError, () => ({ code: status.FAILED_PRECONDITION, reason: 'UNUSABLE_POLICY' })),
  row(ServingPolicyError, () => ({ code: status.FAILED_PRECONDITION, reason: 'POLICY_SERVES' })),
  row(ListIncompleteError, () => ({ code: status.ABORTED, reason: 'LIST_INCOMPLETE' })),
  row(BackendUnavailableError, ({ retryAfterMs }) => ({ code: status.UNAVAILABLE, reason: 'BACKEND_UNAVAILABLE', retryAfterMs })),
  row(BackendFaultError, () => ({ code: status.UNAVAILABLE, reason: 'BACKEND_FAULT' })),
  row(UnsupportedByBackendError, () => ({ code: status.UNIMPLEMENTED, reason: 'UNSUPPORTED_BY_BACKEND' })),
];
