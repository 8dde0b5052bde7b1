import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { Logger } from 'pino';
import type { TaskId } from '../../domain/population/behaviour.js';
import type { Progress } from '../../domain/simulation/progress.js';
import type { SimulationObserver } from '../../domain/simulation/simulation.js';

/** Metrics and log events of simulations. They count what the event log has anyway; nothing hidden is among them. */
export class SimulationTelemetry implements SimulationObserver {
  private readonly impressions;
  private readonly clicked;
  private readonly failed;
  private readonly endings;

  constructor(
    metrics: ServiceMetrics,
    private readonly logger: Logger,
  ) {
    this.impressions = metrics.counter('gqr_simulator_impressions_total', 'Lists shown to simulated users', ['task', 'degraded']);
    this.clicked = metrics.counter('gqr_simulator_clicked_impressions_total', 'Lists that simulated users clicked', ['task']);
    this.failed = metrics.counter('gqr_simulator_failed_calls_total', 'Calls of the gateway that failed and were skipped');
    this.endings = metrics.counter('gqr_simulator_simulations_total', 'Simulations that ended, by how', ['state']);
  }

  impression(task: TaskId, degraded: boolean): void {
    this.impressions.inc({ task, degraded: String(degraded) });
  }

  clickedImpression(task: TaskId): void {
    this.clicked.inc({ task });
  }

  failedCall(reason: string): void {
    this.failed.inc();
    this.logger.debug({ reason }, 'call of the gateway failed');
  }

  unforeseen(error: unknown): void {
    this.logger.error({ err: error }, 'unforeseen error of a simulation');
  }

  ended({ simulationId, state, impressions, clickedImpressions, sessions, failedCalls, error }: Progress): void {
    this.endings.inc({ state });
    const level = state === 'failed' ? 'error' : 'info';
    const counts = {
      simulation: simulationId,
      state,
      impressions,
      clicked_impressions: clickedImpressions,
      sessions,
      failed_calls: failedCalls,
    };
    this.logger[level]({ ...counts, ...(error !== '' && { error }) }, 'simulation ended');
  }
}
