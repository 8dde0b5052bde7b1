import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@gqr/chassis/service/run-service';
import { type DynamicModule, Module } from '@nestjs/common';
import { SimulationFiles } from './adapters/files/simulation-files.js';
import { GrpcGateway } from './adapters/grpc/grpc-gateway.js';
import { SimulatorController } from './adapters/grpc/simulator.controller.js';
import { SimulationTelemetry } from './adapters/telemetry/simulation-telemetry.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readStageWorld, type StageWorld } from './adapters/stage-world.js';
import type { Config } from './config.js';
import { SessionSource, takesPart } from './domain/population/session-source.js';
import { WorldError } from './adapters/world-error.js';
import { StandInGateway } from './domain/measure/stand-in-gateway.js';
import { standInPolicies } from './domain/measure/stand-in-policies.js';
import type { Behaviour } from './domain/population/behaviour.js';
import { randomFor } from './domain/random/random.js';
import { simulationReport } from './domain/report/simulation-report.js';
import { GATEWAY, type SimulationSpec } from './domain/simulation/progress.js';
import { Simulations, type Stage, UnknownPolicyError } from './domain/simulation/simulations.js';

const PATIENCE = { firstPauseMs: 200, longestPauseMs: 5_000, reportAttempts: 4 };

/** @throws WorldError */
function readStage(path: string, shippedDir?: string): StageWorld & { readonly behaviour: Behaviour } {
  const stage = readStageWorld(path, shippedDir);
  return { ...stage, behaviour: readBehaviour(stage.behaviourDir) };
}

/** Says which adapter serves which port. */
@Module({})
export class AppModule {
  /** @throws WorldError */
  static with(config: Config, { logger, metrics }: Platform): DynamicModule {
    const shipped = readStage(config.GQR_WORLD_DIR);
    const gateway = new GrpcGateway(config.GQR_GATEWAY_ADDRESS, config.GQR_SIMULATOR_CALL_SECONDS * 1000);
    const stageFor = (spec: SimulationSpec): Stage => {
      const { whole, judge, behaviour } = spec.world === '' ? shipped : readStage(spec.world, config.GQR_WORLD_DIR);
      const world = whole.only('training');
      if (!world.topics.some((topic) => takesPart(topic, new Set(spec.tasks)))) {
        const kept = `${whole.of('evaluation').length} of its ${whole.topics.length} topics are kept for evaluation`;
        const problem = `has no topic to simulate for the tasks ${spec.tasks.join(', ')} (${kept})`;
        const remedy = 'ask for other tasks, or add topics or sessions about other matters';
        throw new WorldError([{ file: spec.world || config.GQR_WORLD_DIR, line: 1, problem, remedy }]);
      }
      const source = new SessionSource(world, judge, behaviour, { ...spec, tasks: new Set(spec.tasks) });
      if (spec.policy === GATEWAY) return { source, gateway };
      const policy = standInPolicies(world)[spec.policy];
      if (policy === undefined) throw new UnknownPolicyError(spec.policy, Object.keys(standInPolicies(world)));
      return { source, gateway: new StandInGateway(spec.policy, policy, randomFor(spec.seed, 'stand-in policy', 0)) };
    };
    const simulations = new Simulations(
      stageFor,
      new SimulationFiles(join(config.GQR_DATA, 'simulations')),
      new SimulationTelemetry(metrics, logger),
      {
        ...PATIENCE,
        giveUpAfterMs: config.GQR_SIMULATOR_GIVE_UP_SECONDS * 1000,
        now: Date.now,
        sleep: (ms, signal) => sleep(ms, undefined, { signal }),
        newId: () => `sim-${randomBytes(6).toString('hex')}`,
        writeReport: async (head, journal) => {
          // Loaded when it is needed: drawing takes memory that a simulation does not.
          const { writeReport } = await import('./adapters/report/report-files.js');
          writeReport(journal.reportDirectory, simulationReport(head, journal.entries()));
        },
      },
    );
    return { module: AppModule, controllers: [SimulatorController], providers: [{ provide: Simulations, useValue: simulations }] };
  }
}
