import type { SessionSource } from '../population/session-source.js';
import type { Gateway } from './gateway.js';
import type { Journal, Journals, SimulationHead } from './journal.js';
import type { SimulationSpec } from './progress.js';
import { Simulation, type SimulationObserver, type SimulationOptions } from './simulation.js';

/** There is no simulation with this id. */
export class UnknownSimulationError extends Error {
  override readonly name = 'UnknownSimulationError';
  constructor(id: string) {
    super(
      id === ''
        ? 'no simulation has been started yet'
        : `there is no simulation ${id} here; after a restart of the simulator, resume it: npx gqr simulate --resume ${id}`,
    );
  }
}

/** No policy has this name. */
export class UnknownPolicyError extends Error {
  override readonly name = 'UnknownPolicyError';
  constructor(policy: string, known: readonly string[]) {
    super(`there is no policy ${policy}; use gateway, or for lists of known quality one of ${known.join(', ')}`);
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

/** What a simulation runs on. */
export interface Stage {
  readonly source: SessionSource;
  readonly gateway: Gateway;
}

/** Starts simulations, one at a time, and remembers the latest ones. */
export class Simulations {
  private readonly remembered: Simulation[] = [];

  /** @param stageFor throws what is wrong with a specification, such as a world that cannot be used */
  constructor(
    private readonly stageFor: (spec: SimulationSpec) => Stage,
    private readonly journals: Journals,
    private readonly observer: SimulationObserver,
    private readonly options: SimulationOptions & { readonly newId: () => string },
  ) {}

  /** @throws SimulationRunningError */
  start(spec: SimulationSpec): Simulation {
    this.refuseWhileRunning();
    const stage = this.stageFor(spec);
    const head = { id: this.options.newId(), spec, startedAt: new Date(this.options.now()) };
    return this.run(head, this.journals.begin(head), stage);
  }

  /** Goes on with a simulation that was cut off or cancelled, the latest for an empty id. @throws SimulationRunningError, UnknownSimulationError */
  resume(id: string): Simulation {
    this.refuseWhileRunning();
    const kept = this.journals.reopen(id);
    if (kept === undefined) throw new UnknownSimulationError(id);
    return this.run(kept.head, kept.journal, this.stageFor(kept.head.spec));
  }

  /** The simulation with this id; the latest if it is empty. @throws UnknownSimulationError */
  get(id: string): Simulation {
    const found = id === '' ? this.remembered.at(-1) : this.remembered.findLast((simulation) => simulation.id === id);
    if (found === undefined) throw new UnknownSimulationError(id);
    return found;
  }

  /** Cancels whatever is running. */
  async stop(): Promise<void> {
    await this.remembered.at(-1)?.cancel();
  }

  private refuseWhileRunning(): void {
    const latest = this.remembered.at(-1);
    if (latest?.progress.endedAt === undefined && latest !== undefined) throw new SimulationRunningError(latest.id);
  }

  private run(head: SimulationHead, journal: Journal, { source, gateway }: Stage): Simulation {
    const simulation = new Simulation(head, journal, source, gateway, this.observer, this.options);
    this.remembered.push(simulation);
    if (this.remembered.length > MOST_REMEMBERED) this.remembered.shift();
    return simulation;
  }
}
