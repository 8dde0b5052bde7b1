import { CtrService, type PredictListRequest } from '@gqr/protos/gqr/ctr/v1/ctr';
import { type ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, Module } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { z } from 'zod';
import { readConfig, serviceVariables } from '../src/config/read-config.js';
import { InvalidRequestError } from '../src/errors.js';
import { limitsOf } from '../src/grpc/call.js';
import { noteRpc } from '../src/grpc/rpc-event.js';
import { runService } from '../src/service/run-service.js';

/** A service for the tests of the chassis: it does as the query says. */
@Controller()
class EchoController {
  @GrpcMethod('CtrService', 'PredictList')
  async predict(
    request: PredictListRequest,
    _metadata: unknown,
    call: ServerUnaryCall<unknown, unknown>,
  ): Promise<{ clickProbabilities: number[] }> {
    if (request.queries.length === 0) throw new InvalidRequestError([{ field: 'queries', description: 'must hold 1 to 100 queries' }]);
    if (request.context?.query === 'crash') throw new Error(`secret: ${request.context.query}`);
    if (request.context?.query === 'hang') {
      const { signal } = limitsOf(call);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          process.stdout.write(`{"stopped":"${String(signal.reason)}"}\n`);
          resolve();
        });
      });
    }
    noteRpc({ queries: request.queries.length });
    return { clickProbabilities: request.queries.map(() => 0.5) };
  }
}

@Module({})
class EchoModule {}

await runService(() => {
  const config = readConfig(z.object(serviceVariables), process.env);
  return {
    config,
    spec: {
      name: 'echo',
      grpcServices: [CtrService],
      errors: [],
      waitsFor: {},
      module: () => ({ module: EchoModule, controllers: [EchoController] }),
    },
  };
});
