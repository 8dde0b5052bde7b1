import { CallEndedError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { RpcError } from '@gqr/chassis/grpc/client';
import { status } from '@grpc/grpc-js';
import { type FaultKind, ServerFault } from './text-server.js';

const KINDS = new Map<status, FaultKind>([
  [status.UNAVAILABLE, 'gone'],
  // The server cancels what it does not finish when it stops; that the caller left is known from its signal.
  [status.CANCELLED, 'gone'],
  [status.DEADLINE_EXCEEDED, 'late'],
  [status.RESOURCE_EXHAUSTED, 'full'],
  [status.INVALID_ARGUMENT, 'refused'],
  [status.NOT_FOUND, 'refused'],
  [status.FAILED_PRECONDITION, 'refused'],
  [status.UNIMPLEMENTED, 'refused'],
  [status.PERMISSION_DENIED, 'refused'],
  [status.UNAUTHENTICATED, 'refused'],
]);

/** What a TextServer throws for what went wrong with a call of a gRPC server under `limits`. */
export function rpcFault(error: unknown, address: string, limits: CallLimits, adapter = ''): unknown {
  if (limits.signal.aborted) return limits.signal.reason;
  if (!(error instanceof RpcError)) return error;
  // The deadline travels with the call, and grpc may notice it before the signal does.
  if (error.code === status.DEADLINE_EXCEEDED && Date.now() >= limits.deadline - 50) return new CallEndedError('deadline');
  const kind = error.code === status.NOT_FOUND && adapter !== '' ? 'adapter-lost' : (KINDS.get(error.code) ?? 'failed');
  return new ServerFault(kind, address, `${error.method}: ${status[error.code]}: ${error.message}`);
}

/** The scores, if there is one for each token. @throws ServerFault */
export function requireScores(logprobs: readonly number[], tokens: number, address: string): readonly number[] {
  if (logprobs.length === tokens && logprobs.every((value) => value <= 0)) return logprobs;
  throw new ServerFault('junk', address, `it scored ${String(logprobs.length)} of ${String(tokens)} tokens, or wrongly`);
}
