import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { ListIncompleteError, ServingPolicyError, UnknownPolicyError, UnknownTaskError, UnusablePolicyError } from './domain/errors.js';

/** How each failure of this service is answered. */
export const generationErrors: readonly ErrorRow[] = [
  row(UnknownTaskError, () => ({ code: status.NOT_FOUND, reason: 'UNKNOWN_TASK' })),
  row(UnknownPolicyError, () => ({ code: status.NOT_FOUND, reason: 'UNKNOWN_POLICY' })),
  row(UnusablePolicyError, () => ({ code: status.FAILED_PRECONDITION, reason: 'UNUSABLE_POLICY' })),
  row(ServingPolicyError, () => ({ code: status.FAILED_PRECONDITION, reason: 'POLICY_SERVES' })),
  row(ListIncompleteError, () => ({ code: status.ABORTED, reason: 'LIST_INCOMPLETE' })),
];
