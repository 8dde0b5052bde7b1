import { STATUS_CODES } from 'node:http';
import { status } from '@grpc/grpc-js';
import type { RichStatus } from '../grpc/status.js';

/** HTTP status of a gRPC code, as google.rpc.Code documents it. */
const HTTP_STATUS = new Map<status, number>([
  [status.OK, 200],
  [status.CANCELLED, 499],
  [status.INVALID_ARGUMENT, 400],
  [status.FAILED_PRECONDITION, 400],
  [status.OUT_OF_RANGE, 400],
  [status.UNAUTHENTICATED, 401],
  [status.PERMISSION_DENIED, 403],
  [status.NOT_FOUND, 404],
  [status.ALREADY_EXISTS, 409],
  [status.ABORTED, 409],
  [status.RESOURCE_EXHAUSTED, 429],
  [status.UNIMPLEMENTED, 501],
  [status.UNAVAILABLE, 503],
  [status.DEADLINE_EXCEEDED, 504],
]);

/** gRPC code of an HTTP status that no gRPC status led to: a route that is not there, a body that is too large. */
const GRPC_CODE = new Map<number, status>([
  [400, status.INVALID_ARGUMENT],
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.NOT_FOUND],
  [405, status.UNIMPLEMENTED],
  [408, status.DEADLINE_EXCEEDED],
  [413, status.INVALID_ARGUMENT],
  [415, status.INVALID_ARGUMENT],
  [429, status.RESOURCE_EXHAUSTED],
  [503, status.UNAVAILABLE],
]);

/** The status of an error that HTTP itself raised, before any handler was reached. */
export function statusOfHttp(httpCode: number, message: string): RichStatus {
  const reason = (STATUS_CODES[httpCode] ?? 'HTTP error').toUpperCase().replace(/[^A-Z]+/g, '_');
  return { code: GRPC_CODE.get(httpCode) ?? (httpCode < 500 ? status.INVALID_ARGUMENT : status.INTERNAL), reason, message };
}

export function httpStatus(code: status): number {
  return HTTP_STATUS.get(code) ?? 500;
}

/** A status as JSON, in the shape of google.rpc.Status. */
export function toJsonError(rich: RichStatus): object {
  const details: object[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: rich.reason, domain: 'gqr', metadata: { ...rich.metadata } },
  ];
  if (rich.violations !== undefined)
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: rich.violations });
  if (rich.retryAfterMs !== undefined) {
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${String(rich.retryAfterMs / 1000)}s` });
  }
  return { code: rich.code, message: rich.message, details };
}
