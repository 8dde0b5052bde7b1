import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { serveConsole } from './console.js';
import { observeRequests } from './http-events.js';
import { readRefusedBodies } from './refused-bodies.js';

/** A body of a few times the limit is a mistake worth an answer; at 20 Mbit/s, 25 MiB take 10 s. */
const DRAIN_LIMITS = 4;
const DRAIN_MS = 10_000;

export interface HttpOptions {
  readonly consoleDir: string | undefined;
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
}

/** Last touches to the HTTP side: raw bodies, security headers, refused bodies, events, the console. */
export async function configureHttp(app: NestFastifyApplication, options: HttpOptions): Promise<void> {
  // Contract and UTF-8 are checked by whoever reads the body.
  app.useBodyParser('application/json', { bodyLimit: options.maxBodyBytes }, (_request, body, done) => {
    done(null, body);
  });
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: "'self'",
        imgSrc: ["'self'", 'data:'],
        objectSrc: "'none'",
        baseUri: "'none'",
        formAction: "'self'",
        frameAncestors: "'none'",
      },
    },
    xFrameOptions: { action: 'deny' },
    // Whoever ends TLS in front of the gateway knows whether the host is to be HTTPS for good.
    strictTransportSecurity: false,
  });
  // A page of another origin must not be able to record clicks by a form or a script.
  app.enableCsrfProtection();
  const http = app.getHttpAdapter().getInstance();
  readRefusedBodies(http, { maxBytes: DRAIN_LIMITS * options.maxBodyBytes, maxMs: DRAIN_MS });
  observeRequests(http, options.logger, options.metrics);
  await serveConsole(app, options.consoleDir);
}
