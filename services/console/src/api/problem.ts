import { createRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '@gqr/protos/google/rpc/error_details';
import { type Status, StatusSchema } from '@gqr/protos/google/rpc/status';

/** A failed call, in words that a person can act on. */
export interface Problem {
  /** What went wrong, in a few words. */
  readonly title: string;
  /** The gateway's own message, or what to do. */
  readonly message: string;
  /** Machine-readable reason of google.rpc.ErrorInfo, or one of ours: UNREACHABLE, TIMEOUT, UNREADABLE. */
  readonly reason: string;
  /** What is wrong with which field of the request. */
  readonly violations: readonly Violation[];
  /** How long the gateway asks to wait before the next try. */
  readonly retryAfterMs?: number;
}

export interface Violation {
  readonly field: string;
  /** What is wrong and how to mend it. */
  readonly description: string;
}

const details = createRegistry(BadRequestSchema, ErrorInfoSchema, RetryInfoSchema);

/** Titles of the codes of google.rpc.Code that a gateway answers with. */
const TITLES = new Map<number, string>([
  [1, 'The call was cancelled'],
  [3, 'The gateway could not take this request'],
  [4, 'The gateway ran out of time'],
  [5, 'The gateway does not know this'],
  [8, 'The gateway is full just now'],
  [9, 'The gateway does not accept this as it is configured'],
  [14, 'The gateway cannot answer just now'],
]);

/** The problem that the body of a failed response tells: google.rpc.Status in JSON, or anything that a proxy may have put there. */
export function problemOf(body: string, httpStatus: number): Problem {
  const json = parse(body);
  const status = json === undefined ? undefined : readStatus(json);
  if (status === undefined) {
    return {
      title: `The gateway answered with HTTP ${httpStatus}`,
      message: 'Its answer could not be read. Is it a GQR gateway that serves this page?',
      reason: 'UNREADABLE',
      violations: [],
    };
  }
  return problemOfStatus(status);
}

/** The problem that a line of a stream tells: `{"error": google.rpc.Status}`; undefined if the line tells none. */
export function problemInLine(line: string): Problem | undefined {
  const json = parse(line);
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json['error'] === undefined) return undefined;
  const status = readStatus(json['error']);
  return status === undefined ? unreadable('The stream broke off') : problemOfStatus(status);
}

function problemOfStatus(status: Status): Problem {
  const [info] = status.details.flatMap((any) => anyUnpack(any, ErrorInfoSchema) ?? []);
  const [retry] = status.details.flatMap((any) => anyUnpack(any, RetryInfoSchema) ?? []);
  const violations = status.details.flatMap((any) => anyUnpack(any, BadRequestSchema)?.fieldViolations ?? []);
  return {
    title: TITLES.get(status.code) ?? 'The gateway failed',
    message: status.message,
    reason: info?.reason ?? `CODE_${status.code}`,
    violations: violations.map(({ field, description }) => ({ field, description })),
    ...(retry?.retryDelay && { retryAfterMs: durationMs(retry.retryDelay) }),
  };
}

/** No answer came at all. */
export function unreachable(): Problem {
  return {
    title: 'The gateway cannot be reached',
    message: 'Start it with `npm start`, or check the network between this page and the gateway.',
    reason: 'UNREACHABLE',
    violations: [],
  };
}

/** A connection stands, and nothing comes over it. */
export function timedOut(): Problem {
  return { ...unreachable(), title: 'The gateway does not answer', reason: 'TIMEOUT' };
}

/** An answer came that is not what the contract says. */
export function unreadable(what: string): Problem {
  return {
    title: 'The answer could not be read',
    message: `${what}. This page and the gateway may be of different versions: reload the page.`,
    reason: 'UNREADABLE',
    violations: [],
  };
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function readStatus(json: JsonValue): Status | undefined {
  try {
    const status = fromJson(StatusSchema, json, { registry: details, ignoreUnknownFields: true });
    return status.code === 0 ? undefined : status;
  } catch {
    return undefined;
  }
}
