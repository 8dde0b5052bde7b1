import type { MessageInitShape } from '@bufbuild/protobuf';
import { limitsOf } from '@gqr/chassis/grpc/call';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import type {
  CancelRunRequest,
  CancelRunResponseSchema,
  GetRunRequest,
  GetRunResponseSchema,
  ListRunsRequest,
  ListRunsResponseSchema,
  StartRunRequest,
  StartRunResponseSchema,
  WatchRunRequest,
  WatchRunResponseSchema,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { from, map, type Observable } from 'rxjs';
import { RunQueue } from '../../domain/runs/run-queue.js';
import { parseRunRequest } from '../options/run-options.js';
import { runMessage } from './messages.js';
import { parseLimit, parseRequired } from './parse.js';

const SERVICE = 'TrainerService';

/** Runs. */
@Controller()
export class RunsController {
  constructor(@Inject(RunQueue) private readonly runs: RunQueue) {}

  @GrpcMethod(SERVICE, 'StartRun')
  async startRun(request: StartRunRequest): Promise<MessageInitShape<typeof StartRunResponseSchema>> {
    const run = await this.runs.start(parseRunRequest(request.kind, request.options ?? {}));
    noteRpc({ run: run.runId });
    return { run: runMessage(run) };
  }

  @GrpcMethod(SERVICE, 'GetRun')
  async getRun(request: GetRunRequest): Promise<MessageInitShape<typeof GetRunResponseSchema>> {
    return { run: runMessage(await this.runs.get(parseRequired('run_id', request.runId))) };
  }

  @GrpcMethod(SERVICE, 'ListRuns')
  async listRuns(request: ListRunsRequest): Promise<MessageInitShape<typeof ListRunsResponseSchema>> {
    return { runs: (await this.runs.latest(parseLimit(request))).map(runMessage) };
  }

  @GrpcMethod(SERVICE, 'WatchRun')
  watchRun(
    request: WatchRunRequest,
    _metadata: unknown,
    call: ServerWritableStream<unknown, unknown>,
  ): Observable<MessageInitShape<typeof WatchRunResponseSchema>> {
    const runs = this.runs.watch(parseRequired('run_id', request.runId), limitsOf(call).signal);
    return from(runs).pipe(map((run) => ({ run: runMessage(run) })));
  }

  @GrpcMethod(SERVICE, 'CancelRun')
  async cancelRun(request: CancelRunRequest): Promise<MessageInitShape<typeof CancelRunResponseSchema>> {
    return { run: runMessage(await this.runs.cancel(parseRequired('run_id', request.runId))) };
  }
}
