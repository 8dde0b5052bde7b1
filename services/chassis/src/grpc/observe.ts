import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  ResponderBuilder,
  status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ServiceMetrics } from '../metrics/metrics.js';
import { MalformedRequest } from './malformed.js';
import { type RpcEventFields, withRpcEvent } from './rpc-event.js';
import { hasDetails, toServiceError } from './status.js';

const QUIET = /^\/grpc\.(health|reflection)\./;

/** Codes that grpc-js itself answers with, and what the caller should know of them. */
const BARE_REASONS = new Map<status, string>([
  [status.UNIMPLEMENTED, 'UNKNOWN_METHOD'],
  [status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE'],
  [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [status.CANCELLED, 'CANCELLED'],
]);

function withErrorInfo(code: status, details: string, metadata: Metadata | null | undefined): Metadata | null {
  if (code === status.OK || hasDetails(metadata)) return metadata ?? null;
  const reason = BARE_REASONS.get(code) ?? status[code];
  return toServiceError({ code, reason, message: details }).metadata;
}

/**
 * Stands around every call: answers a malformed request with INVALID_ARGUMENT and its field, gives every error an ErrorInfo,
 * measures the call and leaves one wide log event.
 */
export function observeCalls(logger: Logger, metrics: ServiceMetrics): ServerInterceptor {
  return (method, call) => {
    const op = method.path.slice(1);
    const startedAt = performance.now();
    const event: RpcEventFields = {};
    let ended = false;
    const finish = (code: status): void => {
      if (ended) return;
      ended = true;
      const durationMs = performance.now() - startedAt;
      metrics.rpc(op, status[code], durationMs / 1000);
      if (!QUIET.test(method.path)) {
        const level = code === status.INTERNAL || code === status.UNKNOWN ? 'error' : 'info';
        logger[level]({ op, outcome: status[code], duration_ms: Math.round(durationMs * 100) / 100, ...event }, 'rpc');
      }
    };
    metrics.callBegan();
    const listener = new ServerListenerBuilder()
      .withOnReceiveMessage((message: unknown, next) => {
        if (!(message instanceof MalformedRequest)) {
          withRpcEvent(event, () => {
            next(message);
          });
          return;
        }
        const violations = [{ field: message.field, description: message.description }];
        const error = toServiceError({
          code: status.INVALID_ARGUMENT,
          reason: 'MALFORMED_REQUEST',
          message: `${message.field}: ${message.description}`,
          violations,
        });
        finish(error.code);
        call.sendStatus({ code: error.code, details: error.details, metadata: error.metadata });
      })
      .withOnReceiveHalfClose((next) => {
        withRpcEvent(event, next);
      })
      .withOnCancel(() => {
        finish(status.CANCELLED);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => {
        next(listener);
      })
      .withSendStatus((sent, next) => {
        finish(sent.code);
        const metadata = withErrorInfo(sent.code, sent.details, sent.metadata);
        next({ ...sent, metadata });
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}
