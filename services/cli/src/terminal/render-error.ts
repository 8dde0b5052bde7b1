import type { JsonObject } from '@bufbuild/protobuf';
import { RpcError } from '@gqr/chassis/grpc/client';
import { toJsonError } from '@gqr/chassis/http/json-error';
import { status } from '@grpc/grpc-js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { formatSeconds } from './format.js';

/** An error as the user sees it. */
export interface RenderedError {
  readonly exitCode: ExitCode;
  readonly text: string;
  readonly document: JsonObject;
}

function remedyOf(error: RpcError): string | undefined {
  switch (error.code) {
    case status.UNAVAILABLE:
      return 'Is GQR running (npx gqr status)? Start it with npm start, or say where it is: npx gqr --help';
    case status.DEADLINE_EXCEEDED:
      return 'Allow it more time: --timeout 60';
    case status.RESOURCE_EXHAUSTED:
      return error.retryAfterMs === undefined ? undefined : `Try again in ${formatSeconds(error.retryAfterMs / 1000)}.`;
    default:
      return undefined;
  }
}

function renderRpcError(error: RpcError): RenderedError {
  const lines = [`${error.reason}: ${error.message}`];
  if (error.violations.length > 0) {
    lines[0] = `${error.reason}:`;
    lines.push(...error.violations.map(({ field, description }) => `  ${field} ${description}`));
  }
  const remedy = remedyOf(error);
  if (remedy !== undefined) lines.push(`\n  What to do: ${remedy}`);
  const rich = {
    code: error.code,
    reason: error.reason,
    message: error.message,
    ...(error.violations.length > 0 && { violations: error.violations }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
  return {
    exitCode: error.code === status.UNAVAILABLE ? ExitCode.NotReachable : ExitCode.Failed,
    text: lines.join('\n'),
    // As the HTTP API answers it: google.rpc.Status.
    document: { error: JSON.parse(JSON.stringify(toJsonError(rich))) as JsonObject },
  };
}

/** What to show of anything that was thrown; undefined when nobody foresaw it. */
export function renderError(error: unknown): RenderedError | undefined {
  if (error instanceof RpcError) return renderRpcError(error);
  if (error instanceof CliFailure) {
    return {
      exitCode: error.exitCode,
      text: `${error.message}\n\n  What to do: ${error.remedy}`,
      document: { error: { message: error.message, remedy: error.remedy } },
    };
  }
  return undefined;
}
