import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import {
  type CancelSimulationRequest,
  type CancelSimulationResponseSchema,
  type GetSimulationRequest,
  type GetSimulationResponseSchema,
  SimulationSchema,
  SimulationState as StateMessage,
  type StartSimulationRequest,
  type StartSimulationResponseSchema,
  type WatchSimulationRequest,
  type WatchSimulationResponseSchema,
} from '@gqr/protos/gqr/simulator/v1/simulator';
import { Controller, Inject, type OnModuleDestroy } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { map, Observable, throttleTime } from 'rxjs';
import type { Progress, SimulationState } from '../../domain/simulation/progress.js';
import type { Simulation } from '../../domain/simulation/simulation.js';
import { Simulations } from '../../domain/simulation/simulations.js';
import { parseSpec } from './parse-spec.js';

const SERVICE = 'SimulatorService';
/** Stands for the latest simulation that was kept. */
const LATEST = 'last';
/** A watcher is told of changes at most this often. */
const WATCH_EVERY_MS = 250;

const STATES: Readonly<Record<SimulationState, StateMessage>> = {
  running: StateMessage.RUNNING,
  succeeded: StateMessage.SUCCEEDED,
  failed: StateMessage.FAILED,
  cancelled: StateMessage.CANCELLED,
};

function toMessage({ spec, state, tasks, startedAt, endedAt, secondsLeft, ...progress }: Progress) {
  return create(SimulationSchema, {
    simulationId: progress.simulationId,
    spec: { ...spec, impressions: BigInt(spec.impressions), tasks: [...spec.tasks] },
    state: STATES[state],
    impressions: BigInt(progress.impressions),
    clickedImpressions: BigInt(progress.clickedImpressions),
    sessions: BigInt(progress.sessions),
    failedCalls: BigInt(progress.failedCalls),
    rate: progress.rate,
    ...(secondsLeft !== undefined && { secondsLeft }),
    tasks: tasks.map((counts) => ({
      taskId: counts.task,
      impressions: BigInt(counts.impressions),
      clickedImpressions: BigInt(counts.clickedImpressions),
      degraded: BigInt(counts.degraded),
    })),
    startedAt: timestampFromDate(startedAt),
    ...(endedAt !== undefined && { endedAt: timestampFromDate(endedAt) }),
    error: progress.error,
    reportDirectory: progress.reportDirectory,
  });
}

/** The simulation now and at every change; completes when it has ended. */
function changesOf(simulation: Simulation): Observable<Progress> {
  return new Observable<Progress>((subscriber) => {
    const tell = (): void => {
      subscriber.next(simulation.progress);
    };
    tell();
    const stop = simulation.onChange(tell);
    void simulation.ended.then(() => {
      subscriber.complete();
    });
    return stop;
  });
}

/** The contract of the service: parses, asks the domain, maps back. */
@Controller()
export class SimulatorController implements OnModuleDestroy {
  constructor(@Inject(Simulations) private readonly simulations: Simulations) {}

  @GrpcMethod(SERVICE, 'StartSimulation')
  startSimulation(request: StartSimulationRequest): MessageInitShape<typeof StartSimulationResponseSchema> {
    const { resume, spec } = request;
    const simulation = resume === '' ? this.simulations.start(parseSpec(spec)) : this.simulations.resume(resume === LATEST ? '' : resume);
    noteRpc({ simulation: simulation.id });
    return { simulation: toMessage(simulation.progress) };
  }

  @GrpcMethod(SERVICE, 'GetSimulation')
  getSimulation({ simulationId }: GetSimulationRequest): MessageInitShape<typeof GetSimulationResponseSchema> {
    return { simulation: toMessage(this.simulations.get(simulationId).progress) };
  }

  @GrpcMethod(SERVICE, 'WatchSimulation')
  watchSimulation({ simulationId }: WatchSimulationRequest): Observable<MessageInitShape<typeof WatchSimulationResponseSchema>> {
    const changes = changesOf(this.simulations.get(simulationId));
    return changes.pipe(
      throttleTime(WATCH_EVERY_MS, undefined, { leading: true, trailing: true }),
      map((progress) => ({ simulation: toMessage(progress) })),
    );
  }

  @GrpcMethod(SERVICE, 'CancelSimulation')
  async cancelSimulation({ simulationId }: CancelSimulationRequest): Promise<MessageInitShape<typeof CancelSimulationResponseSchema>> {
    const simulation = this.simulations.get(simulationId);
    await simulation.cancel();
    return { simulation: toMessage(simulation.progress) };
  }

  /** At shutdown what is running is cancelled, so that watchers are told and the drain need not wait for it. */
  async onModuleDestroy(): Promise<void> {
    await this.simulations.stop();
  }
}
