import { ResponderBuilder, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, status } from '@grpc/grpc-js';
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

type SentStatus = Parameters<ServerInterceptingCall['sendStatus']>[0];

/** How grpc-js begins to say that a request is too large, compressed or not. */
const TOO_LARGE = 'Received message ';

/** The status with ErrorInfo, if it is an error that has none. */
function withErrorInfo(sent: SentStatus, maxMessageBytes: number): SentStatus {
  const { code, details } = sent;
  if (code === status.OK || hasDetails(sent.metadata)) return sent;
  const reason = BARE_REASONS.get(code) ?? status[code];
  if (code !== status.RESOURCE_EXHAUSTED || !details.startsWith(TOO_LARGE))
    return { ...sent, metadata: toServiceError({ code, reason, message: details }).metadata };
  const limit = maxMessageBytes.toLocaleString('en');
  const message = `the request is larger than the ${limit} bytes that this service takes; shorten it or send it in parts`;
  return toServiceError({ code, reason, message, metadata: { max_bytes: String(maxMessageBytes) } });
}

/**
 * Stands around every call: answers a malformed request with INVALID_ARGUMENT and its field, gives every error an ErrorInfo,
 * measures the call and leaves one wide log event.
 */
export function observeCalls(logger: Logger, metrics: ServiceMetrics, maxMessageBytes: number): ServerInterceptor {
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
    // Not by the responder below: a message over the limit and a passed deadline are answered by grpc-js from underneath all interceptors.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (sent) => {
      finish(sent.code);
      send(withErrorInfo(sent, maxMessageBytes));
    };
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
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}
