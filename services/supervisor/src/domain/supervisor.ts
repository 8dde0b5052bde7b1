import type { SupervisedService } from './supervised-service.js';

/** Runs all services together. */
export class Supervisor {
  private stopped: Promise<void> | undefined;

  constructor(
    readonly services: readonly SupervisedService[],
    /** Time that a service gets to finish its calls before it is killed. */
    private readonly patienceMs: number,
  ) {}

  /** Starts every service at once: none needs another to start, and each waits for its own model only. */
  start(): void {
    for (const service of this.services) service.start();
  }

  find(name: string): SupervisedService {
    const found = this.services.find(({ plan }) => plan.name === name);
    if (found === undefined) throw new Error(`no service is called ${name}`);
    return found;
  }

  /** Resolves when every service has been ready. */
  async ready(): Promise<void> {
    await Promise.all(this.services.map((service) => service.firstReady));
  }

  /** Stops callers before those they call, so that nobody's work fails for want of an answer. */
  stop(): Promise<void> {
    this.stopped ??= this.stopInOrder();
    return this.stopped;
  }

  /** Ends every process at once. */
  kill(): void {
    for (const service of this.services) service.kill();
  }

  private async stopInOrder(): Promise<void> {
    const stages = [...new Set(this.services.map((service) => service.plan.stopStage))].sort((a, b) => a - b);
    for (const stage of stages) {
      const together = this.services.filter((service) => service.plan.stopStage === stage);
      await Promise.all(together.map((service) => service.stop(this.patienceMs)));
    }
  }
}
