import { CallEndedError, InvalidRequestError } from '@gqr/chassis/errors';
import { type CallLimits, within } from '@gqr/chassis/grpc/call';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Header in which an HTTP caller sets its deadline, as gRPC callers do by their library. */
export const TIMEOUT_HEADER = 'gqr-timeout-ms';
export const MAX_TIMEOUT_MS = 600_000;

/** The limits of an HTTP request: it ends when its caller hangs up, and at its deadline if it sets one. */
export function limitsOfHttp(request: FastifyRequest, reply: FastifyReply): CallLimits {
  const caller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) caller.abort(new CallEndedError('cancelled'));
  });
  const limits: CallLimits = { signal: caller.signal, deadline: Infinity };
  const header = request.headers[TIMEOUT_HEADER];
  if (header === undefined) return limits;
  const timeoutMs = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : 0;
  if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    const description = `must be a number of milliseconds from 1 to ${String(MAX_TIMEOUT_MS)}; leave it out for the default`;
    throw new InvalidRequestError([{ field: TIMEOUT_HEADER, description }]);
  }
  const timed = within(limits, timeoutMs);
  reply.raw.once('close', timed.release);
  return timed;
}
