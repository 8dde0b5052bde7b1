import type { ServiceMetrics } from '@gqr/chassis/metrics/metrics';
import type { Traffic } from '../../domain/context.js';
import type { Dependency } from '../../domain/dependency-error.js';
import type { FeedbackCounts } from '../../domain/feedback/record-feedback.js';
import type { Answer } from '../../domain/recommend/answer.js';

const FINE_SECONDS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** What the gateway counts and measures beside every service's own. */
export class GatewayMetrics {
  private readonly recommendations;
  private readonly degraded;
  private readonly impressions;
  private readonly queries;
  private readonly clicks;
  private readonly phaseSeconds;
  private readonly ownSeconds;
  private readonly circuitOpen;
  private readonly httpSeconds;

  constructor(metrics: ServiceMetrics) {
    this.recommendations = metrics.counter('gqr_gateway_recommendations_total', 'Answers given', ['task', 'traffic']);
    this.degraded = metrics.counter('gqr_gateway_degraded_total', 'Degraded answers by step of the ladder, once for each reason', [
      'level',
      'reason',
    ]);
    this.impressions = metrics.counter('gqr_gateway_impressions_total', 'Impressions logged', ['task', 'traffic']);
    this.queries = metrics.counter('gqr_gateway_queries_total', 'Queries shown, by where they came from', ['task', 'source']);
    this.clicks = metrics.counter('gqr_gateway_clicks_total', 'Clicks reported', ['traffic', 'outcome']);
    this.phaseSeconds = metrics.histogram('gqr_gateway_phase_seconds', 'Time of a recommendation by phase', ['phase']);
    this.ownSeconds = metrics.histogram('gqr_gateway_own_seconds', 'Time of a recommendation beside the language model', [], FINE_SECONDS);
    this.circuitOpen = metrics.gauge('gqr_gateway_circuit_open', '1 while calls are kept away from a dependency', ['dependency']);
    this.httpSeconds = metrics.histogram('gqr_http_duration_seconds', 'Duration of HTTP requests by route and status', ['op', 'status']);
  }

  answered(task: string, traffic: Traffic, { impressionId, recommendations, timings, degradation }: Answer): void {
    this.recommendations.inc({ task, traffic });
    for (const { source } of recommendations) this.queries.inc({ task, source });
    if (impressionId !== '') this.impressions.inc({ task, traffic });
    let own = 0;
    for (const { phase, durationMs } of timings) {
      this.phaseSeconds.observe({ phase }, durationMs / 1000);
      if (phase !== 'generation') own += durationMs;
    }
    this.ownSeconds.observe(own / 1000);
    for (const reason of degradation?.reasons ?? []) this.degraded.inc({ level: degradation?.level ?? '', reason });
  }

  clicked(traffic: Traffic, { recorded, duplicates }: FeedbackCounts): void {
    this.clicks.inc({ traffic, outcome: 'recorded' }, recorded);
    this.clicks.inc({ traffic, outcome: 'duplicate' }, duplicates);
  }

  circuitChanged(dependency: Dependency, open: boolean): void {
    this.circuitOpen.set({ dependency }, open ? 1 : 0);
  }

  http(op: string, status: number, seconds: number): void {
    this.httpSeconds.observe({ op, status: String(status) }, seconds);
  }
}
