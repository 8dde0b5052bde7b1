import { type PopulationSpec, type SessionSource } from '../population/session-source.js';
import type { Gateway } from './gateway.js';
import type { SimulationSpec } from './progress.js';
import { Simulation, type SimulationObserver, type SimulationOptions } from './simulation.js';

/** There is no simulation with this id. */
export class UnknownSimulationError extends Error {
  override readonly name = 'UnknownSimulationError';
  constructor(id: string) {
    super(id === '' ? 'no simulation has been started yet' : `there is no simulation ${id}; the simulator forgets them when it restarts`);
  }
}

/** A simulation is running already. */
export class SimulationRunningError extends Error {
  override readonly name = 'SimulationRunningError';
  constructor(readonly runningId: string) {
    super(`the simulation ${runningId} is running; wait for its end or cancel it`);
  }
}

/** Simulations that are remembered. */
const MOST_REMEMBERED = 20;

/** Starts simulations, one at a time, and remembers the latest ones. */
export class Simulations {
  private readonly remembered: Simulation[] = [];

  constructor(
    private readonly populate: (spec: PopulationSpec) => SessionSource,
    private readonly gateway: Gateway,
    private readonly observer: SimulationObserver,
    private readonly options: SimulationOptions & { readonly newId: () => string },
  ) {}

  /** @throws SimulationRunningError */
  start(spec: SimulationSpec): Simulation {
    const latest = this.remembered.at(-1);
    if (latest?.progress.endedAt === undefined && latest !== undefined) throw new SimulationRunningError(latest.id);
    const source = this.populate({ seed: spec.seed, users: spec.users, tasks: new Set(spec.tasks) });
    const simulation = new Simulation(this.options.newId(), spec, source, this.gateway, this.observer, this.options);
    this.remembered.push(simulation);
    if (this.remembered.length > MOST_REMEMBERED) this.remembered.shift();
    return simulation;
  }

  /** The simulation with this id; the latest if it is empty. @throws UnknownSimulationError */
  get(id: string): Simulation {
    const found = id === '' ? this.remembered.at(-1) : this.remembered.find((simulation) => simulation.id === id);
    if (found === undefined) throw new UnknownSimulationError(id);
    return found;
  }

  /** Cancels whatever is running. */
  async stop(): Promise<void> {
    await this.remembered.at(-1)?.cancel();
  }
}
