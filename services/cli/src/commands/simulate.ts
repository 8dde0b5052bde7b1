import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import {
  GetSimulationResponseSchema,
  type Simulation,
  SimulationState,
  type SimulationSpecSchema,
  SimulatorService,
  type StartSimulationRequestSchema,
  StartSimulationResponseSchema,
} from '@gqr/protos/gqr/simulator/v1/simulator';
import { type Action, type Context, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { formatSpan } from '../terminal/format.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { documentOf } from '../terminal/document.js';
import { fields, table } from '../terminal/terminal.js';
import { follow } from './follow.js';

type Simulator = GrpcClient<typeof SimulatorService>;

const STATES: Readonly<Record<number, string>> = {
  [SimulationState.RUNNING]: 'running',
  [SimulationState.SUCCEEDED]: 'succeeded',
  [SimulationState.FAILED]: 'failed',
  [SimulationState.CANCELLED]: 'cancelled',
};

function share(part: bigint, whole: bigint): string {
  return whole === 0n ? '' : `${((100 * Number(part)) / Number(whole)).toFixed(1)}%`;
}

function describeSimulation(simulation: Simulation): string {
  const general = fields([
    ['simulation', simulation.simulationId],
    ['state', STATES[simulation.state]],
    ['took', formatSpan(simulation.startedAt, simulation.endedAt)],
    ['impressions', String(simulation.impressions)],
    ['clicked', share(simulation.clickedImpressions, simulation.impressions)],
    ['sessions', String(simulation.sessions)],
    ['failed calls', simulation.failedCalls === 0n ? undefined : String(simulation.failedCalls)],
    [
      'report',
      simulation.endedAt === undefined || simulation.reportDirectory === '' ? undefined : `${simulation.reportDirectory}/report.md`,
    ],
    ['error', simulation.error],
  ]);
  const rows = simulation.tasks.map((task) => [
    task.taskId,
    String(task.impressions),
    share(task.clickedImpressions, task.impressions),
    share(task.degraded, task.impressions),
  ]);
  return rows.length === 0 ? general : `${general}\n\n${table(['TASK', 'IMPRESSIONS', 'CLICKED', 'DEGRADED'], rows)}`;
}

/** How often lists were clicked, and how many of them were not what they could be: a log of degraded lists teaches little. */
function describeLists({ impressions, clickedImpressions, tasks }: Simulation): string {
  if (impressions === 0n) return '';
  const degraded = tasks.reduce((sum, task) => sum + task.degraded, 0n);
  const clicked = `${share(clickedImpressions, impressions)} clicked`;
  return degraded === 0n ? clicked : `${clicked}, ${share(degraded, impressions)} degraded`;
}

async function watchToEnd(context: Context, simulator: Simulator, simulationId: string): Promise<ExitCode> {
  const { terminal } = context;
  const display = new ProgressDisplay(terminal.err);
  const message = await follow(context, {
    name: 'the simulation',
    watch: (signal) => simulator.watchSimulation({ simulationId }, { signal }),
    isOver: ({ simulation }) => simulation?.state !== SimulationState.RUNNING,
    show: ({ simulation }) => {
      if (simulation?.state !== SimulationState.RUNNING) return;
      display.update({
        title: 'simulating',
        done: Number(simulation.impressions),
        total: Number(simulation.spec?.impressions ?? 0n),
        unit: 'impressions',
        rate: simulation.rate,
        secondsLeft: simulation.secondsLeft,
        message: describeLists(simulation),
      });
    },
    clear: () => {
      display.clear();
    },
    cancel: () => simulator.cancelSimulation({ simulationId }, inTime(context)),
    again: 'npx gqr simulate --attach',
  });
  const simulation = message?.simulation ?? (await simulator.getSimulation({ simulationId }, inTime(context))).simulation;
  const answer = create(GetSimulationResponseSchema, simulation === undefined ? {} : { simulation });
  terminal.result(documentOf(GetSimulationResponseSchema, answer), simulation === undefined ? '' : describeSimulation(simulation));
  if (simulation?.state === SimulationState.CANCELLED) return ExitCode.Cancelled;
  return simulation?.state === SimulationState.FAILED ? ExitCode.Failed : ExitCode.Done;
}

function begin(request: MessageInitShape<typeof StartSimulationRequestSchema>, detach: boolean): Action {
  return (context) =>
    withService(context, 'simulator', SimulatorService, async (simulator) => {
      const started = await simulator.startSimulation(request, inTime(context));
      if (!detach) return watchToEnd(context, simulator, started.simulation?.simulationId ?? '');
      context.terminal.result(
        documentOf(StartSimulationResponseSchema, started),
        `Simulation ${started.simulation?.simulationId ?? ''} is running. Watch it: npx gqr simulate --attach`,
      );
      return ExitCode.Done;
    });
}

/** Starts a simulation; watches it to its end unless it is to be left alone. */
export const simulate = (spec: MessageInitShape<typeof SimulationSpecSchema>, detach: boolean): Action => begin({ spec }, detach);

/** Goes on with a simulation that was cut off; "last" is the latest. */
export const resume = (simulationId: string, detach: boolean): Action => begin({ resume: simulationId }, detach);

/** Watches the latest simulation. */
export const attach: Action = (context) =>
  withService(context, 'simulator', SimulatorService, (simulator) => watchToEnd(context, simulator, ''));
