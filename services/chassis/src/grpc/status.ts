import { create, toBinary, fromBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '@gqr/protos/google/rpc/error_details';
import { StatusSchema } from '@gqr/protos/google/rpc/status';
import type { status } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { FieldViolation } from '../errors.js';

const DETAILS = 'grpc-status-details-bin';
const DOMAIN = 'gqr';

/** A gRPC status with the details that a caller can act on. */
export interface RichStatus {
  readonly code: status;
  /** Machine-readable reason in UPPER_SNAKE_CASE. */
  readonly reason: string;
  readonly message: string;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfterMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The error object that grpc-js sends as `rich`: ErrorInfo always, BadRequest and RetryInfo where they apply. */
export function toServiceError(rich: RichStatus): { code: status; details: string; message: string; metadata: Metadata } {
  const details = [
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: rich.reason, domain: DOMAIN, metadata: { ...rich.metadata } })),
  ];
  if (rich.violations !== undefined) {
    details.push(
      anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: rich.violations.map((violation) => ({ ...violation })) })),
    );
  }
  if (rich.retryAfterMs !== undefined) {
    const retryDelay = { seconds: BigInt(Math.floor(rich.retryAfterMs / 1000)), nanos: Math.round(rich.retryAfterMs % 1000) * 1e6 };
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code: rich.code, message: rich.message, details }))));
  return { code: rich.code, details: rich.message, message: rich.message, metadata };
}

/** Reads the details back from the trailers of a failed call. */
export function readDetails(trailers: Metadata): { reason?: string; violations: FieldViolation[]; retryAfterMs?: number } {
  const [bytes] = trailers.get(DETAILS);
  if (!(bytes instanceof Buffer)) return { violations: [] };
  const { details } = fromBinary(StatusSchema, bytes);
  const info = details.map((any) => anyUnpack(any, ErrorInfoSchema)).find((value) => value !== undefined);
  const bad = details.map((any) => anyUnpack(any, BadRequestSchema)).find((value) => value !== undefined);
  const retry = details.map((any) => anyUnpack(any, RetryInfoSchema)).find((value) => value !== undefined);
  return {
    ...(info && { reason: info.reason }),
    violations: (bad?.fieldViolations ?? []).map(({ field, description }) => ({ field, description })),
    ...(retry?.retryDelay && { retryAfterMs: Number(retry.retryDelay.seconds) * 1000 + retry.retryDelay.nanos / 1e6 }),
  };
}

/** Whether a status already carries details. */
export function hasDetails(metadata: Metadata | null | undefined): boolean {
  return metadata !== null && metadata !== undefined && metadata.get(DETAILS).length > 0;
}
