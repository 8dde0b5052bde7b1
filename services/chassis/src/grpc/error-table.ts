import { status } from '@grpc/grpc-js';
import { CallEndedError, InvalidRequestError, OverloadedError } from '../errors.js';
import type { RichStatus } from './status.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- constructors of errors take what they like
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Says how one class of domain errors is answered. */
export interface ErrorRow {
  readonly matches: (error: unknown) => boolean;
  readonly toStatus: (error: Error) => RichStatus;
}

/** A row of a service's error table. */
export function row<E extends Error>(errorClass: ErrorClass<E>, toStatus: (error: E) => Omit<RichStatus, 'message'>): ErrorRow {
  return {
    matches: (error) => error instanceof errorClass,
    toStatus: (error) => ({ message: error.message, ...toStatus(error as E) }),
  };
}

const chassisRows: readonly ErrorRow[] = [
  row(InvalidRequestError, (error) => ({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST', violations: error.violations })),
  row(CallEndedError, (error) =>
    error.why === 'deadline'
      ? { code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_EXCEEDED' }
      : { code: status.CANCELLED, reason: 'CANCELLED' },
  ),
  row(OverloadedError, (error) => ({ code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED', retryAfterMs: error.retryAfterMs })),
];

/** Fixed text for what nobody foresaw: an error's own message may hold user text. */
const INTERNAL: RichStatus = { code: status.INTERNAL, reason: 'INTERNAL', message: 'internal error; see the logs of the service' };

/** The status of an error, and whether somebody foresaw it. */
export function statusOf(error: unknown, rows: readonly ErrorRow[]): { rich: RichStatus; foreseen: boolean } {
  const match = [...rows, ...chassisRows].find((candidate) => candidate.matches(error));
  return match === undefined ? { rich: INTERNAL, foreseen: false } : { rich: match.toStatus(error as Error), foreseen: true };
}
