import { type RpcEventFields, withRpcEvent } from '@gqr/chassis/grpc/rpc-event';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { GatewayMetrics } from '../metrics/gateway-metrics.js';

const QUIET = new Set(['GET /livez', 'GET /readyz', 'GET /metrics']);

/** The route as it was declared: a closed set, unlike the paths that callers ask for. */
function operationOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url?.replace('::', ':') ?? '(no route)'}`;
}

/** Measures every HTTP request and leaves one wide event for it, as the chassis does for every gRPC call. */
export function observeRequests(http: FastifyInstance, logger: Logger, metrics: GatewayMetrics): void {
  const events = new WeakMap<FastifyRequest, RpcEventFields>();
  http.addHook('preHandler', (request, _reply, done) => {
    const event: RpcEventFields = {};
    events.set(request, event);
    withRpcEvent(event, done);
  });
  http.addHook('onResponse', (request, reply, done) => {
    const op = operationOf(request);
    metrics.http(op, reply.statusCode, reply.elapsedTime / 1000);
    if (!QUIET.has(op)) {
      const event = { op, status: reply.statusCode, duration_ms: Math.round(reply.elapsedTime * 100) / 100, ...events.get(request) };
      logger[reply.statusCode === 500 ? 'error' : 'info'](event, 'http');
    }
    done();
  });
}
