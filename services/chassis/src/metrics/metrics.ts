import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A service's metrics. Labels come from closed sets: never query text, user ids or session ids. */
export class ServiceMetrics {
  readonly registry = new Registry();
  private readonly rpcSeconds: Histogram<'op' | 'outcome'>;
  private readonly began: Counter;

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
    this.rpcSeconds = new Histogram({
      name: 'gqr_rpc_duration_seconds',
      help: 'Duration of gRPC calls by method and status',
      labelNames: ['op', 'outcome'],
      buckets: SECONDS,
      registers: [this.registry],
    });
    this.began = new Counter({ name: 'gqr_rpc_began_total', help: 'gRPC calls begun', registers: [this.registry] });
  }

  callBegan(): void {
    this.began.inc();
  }

  rpc(op: string, outcome: string, seconds: number): void {
    this.rpcSeconds.observe({ op, outcome }, seconds);
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = SECONDS,
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [this.registry] });
  }
}
