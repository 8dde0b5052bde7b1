import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ServiceMetrics } from '../metrics/metrics.js';
import { Readiness } from '../service/readiness.js';

/** What an orchestrator and a Prometheus server ask of every service. */
@Controller()
export class OpsController {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(ServiceMetrics) private readonly metrics: ServiceMetrics,
  ) {}

  @Get('livez')
  live(): { status: string } {
    return { status: 'live' };
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) reply: FastifyReply): { status: string; pending?: Record<string, string> } {
    if (this.readiness.ready) return { status: 'ready' };
    void reply.status(503);
    return { status: 'not ready', pending: this.readiness.pending };
  }

  @Get('metrics')
  async scrape(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('content-type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}
