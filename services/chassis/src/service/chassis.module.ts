import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { OpsController } from '../http/ops.controller.js';
import { ServiceMetrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

/** Token of the service's logger. */
export const LOGGER = Symbol('logger');

/** What every module of a service can inject: LOGGER, ServiceMetrics, Readiness. */
@Global()
@Module({})
export class ChassisModule {
  static with(platform: { logger: Logger; metrics: ServiceMetrics; readiness: Readiness }): DynamicModule {
    return {
      module: ChassisModule,
      controllers: [OpsController],
      providers: [
        { provide: LOGGER, useValue: platform.logger },
        { provide: ServiceMetrics, useValue: platform.metrics },
        { provide: Readiness, useValue: platform.readiness },
      ],
      exports: [LOGGER, ServiceMetrics, Readiness],
    };
  }
}
