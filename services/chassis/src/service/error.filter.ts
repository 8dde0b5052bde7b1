import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { type Observable, throwError } from 'rxjs';
import { type ErrorRow, statusOf } from '../grpc/error-table.js';
import { toServiceError } from '../grpc/status.js';
import { httpStatus, statusOfHttp, toJsonError } from '../http/json-error.js';

/** Turns whatever a handler threw into a status with details, for gRPC and for HTTP alike. Nest alone would make all of it UNKNOWN. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly rows: readonly ErrorRow[],
    private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    const isHttp = host.getType() === 'http';
    if (isHttp && error instanceof HttpException) {
      const code = error.getStatus();
      void host
        .switchToHttp()
        .getResponse<FastifyReply>()
        .status(code)
        .send(toJsonError(statusOfHttp(code, error.message)));
      return undefined;
    }
    const { rich, foreseen } = statusOf(error, this.rows);
    if (!foreseen) this.logger.error({ err: error }, 'unforeseen error');
    if (!isHttp) return throwError(() => toServiceError(rich));
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (rich.retryAfterMs !== undefined) void reply.header('retry-after', String(Math.ceil(rich.retryAfterMs / 1000)));
    void reply.status(httpStatus(rich.code)).send(toJsonError(rich));
    return undefined;
  }
}
