import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@gqr/chassis/service/run-service';
import { type DynamicModule, Module } from '@nestjs/common';
import { GrpcGateway } from './adapters/grpc/grpc-gateway.js';
import { SimulatorController } from './adapters/grpc/simulator.controller.js';
import { SimulationTelemetry } from './adapters/telemetry/simulation-telemetry.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import type { Config } from './config.js';
import { SessionSource } from './domain/population/session-source.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';
import { Simulations } from './domain/simulation/simulations.js';

const PATIENCE = { firstPauseMs: 200, longestPauseMs: 5_000, reportAttempts: 4 };

/** Says which adapter serves which port. */
@Module({})
export class AppModule {
  /** @throws WorldError */
  static with(config: Config, { logger, metrics }: Platform): DynamicModule {
    const world = readWorld(config.GQR_WORLD_DIR).only('training');
    const behaviour = readBehaviour(config.GQR_WORLD_DIR);
    const judge = new RelevanceJudge(world);
    const gateway = new GrpcGateway(config.GQR_GATEWAY_ADDRESS, config.GQR_SIMULATOR_CALL_SECONDS * 1000);
    const simulations = new Simulations(
      (spec) => new SessionSource(world, judge, behaviour, spec),
      gateway,
      new SimulationTelemetry(metrics, logger),
      {
        ...PATIENCE,
        giveUpAfterMs: config.GQR_SIMULATOR_GIVE_UP_SECONDS * 1000,
        now: Date.now,
        sleep: (ms, signal) => sleep(ms, undefined, { signal }),
        newId: () => `sim-${randomBytes(6).toString('hex')}`,
      },
    );
    return { module: AppModule, controllers: [SimulatorController], providers: [{ provide: Simulations, useValue: simulations }] };
  }
}
