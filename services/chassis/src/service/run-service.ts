import 'reflect-metadata';
import type { DescService } from '@bufbuild/protobuf';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthImplementation, service as healthService } from 'grpc-health-check';
import type { Logger } from 'pino';
import { ConfigError } from '../config/read-config.js';
import { messageOf } from '../errors.js';
import { packageDefinition } from '../grpc/definition.js';
import type { ErrorRow } from '../grpc/error-table.js';
import { observeCalls } from '../grpc/observe.js';
import { tolerateResets } from '../grpc/tolerate-resets.js';
import { createLogger, NestLogger } from '../logging/logger.js';
import { ServiceMetrics } from '../metrics/metrics.js';
import { ChassisModule } from './chassis.module.js';
import { ErrorFilter } from './error.filter.js';
import { Readiness } from './readiness.js';

/** What a service gets from the chassis before its module is built. */
export interface Platform {
  readonly logger: Logger;
  readonly metrics: ServiceMetrics;
  readonly readiness: Readiness;
}

/** A service as the chassis runs it. */
export interface ServiceSpec {
  /** Short noun: the folder, image, chart component and metric label. */
  readonly name: string;
  readonly grpcServices: readonly DescService[];
  readonly errors: readonly ErrorRow[];
  /** Parts that must call `readiness.markReady` before the service is ready, each with what it waits for. */
  readonly waitsFor: Readonly<Record<string, string>>;
  readonly module: (platform: Platform) => DynamicModule;
  /** Largest gRPC message and HTTP body, in bytes. */
  readonly maxMessageBytes?: number;
  /** Last touches to the HTTP side; only the gateway has any. */
  readonly configureHttp?: (app: NestFastifyApplication) => Promise<void>;
}

/** The chassis' share of a service's configuration. */
export interface ServiceConfig {
  readonly GQR_GRPC_LISTEN: string;
  readonly GQR_HTTP_LISTEN: string;
  readonly GQR_LOG_LEVEL: string;
  readonly GQR_DRAIN_SECONDS: number;
}

const LIVENESS = 'liveness';
const READINESS = 'readiness';

function addHealthAndReflection(server: Server, definition: ReturnType<typeof packageDefinition>, readiness: Readiness): void {
  const health = new HealthImplementation({ [LIVENESS]: 'SERVING' });
  health.addToServer(server);
  readiness.onChange((ready) => {
    const state = ready ? 'SERVING' : 'NOT_SERVING';
    health.setStatus(READINESS, state);
    health.setStatus('', state);
  });
  // Of a definition, reflection reads the files that the messages in it come from.
  const ofHealth = Object.values(healthService).map(({ path, requestType }) => [path, requestType] as const);
  new ReflectionService({ ...definition, ...Object.fromEntries(ofHealth) }).addToServer(server);
}

function grpcOptions(spec: ServiceSpec, config: ServiceConfig, platform: Platform): GrpcOptions {
  const definition = packageDefinition(spec.grpcServices);
  const bytes = spec.maxMessageBytes ?? 4 * 2 ** 20;
  return {
    transport: Transport.GRPC,
    options: {
      url: config.GQR_GRPC_LISTEN,
      package: [...new Set(spec.grpcServices.map((service) => service.file.proto.package))],
      packageDefinition: definition,
      gracefulShutdown: true,
      maxReceiveMessageLength: bytes,
      maxSendMessageLength: Math.max(bytes, 64 * 2 ** 20),
      channelOptions: { interceptors: [observeCalls(platform.logger, platform.metrics, bytes)] },
      onLoadPackageDefinition: (_pkg: object, server: unknown) => {
        addHealthAndReflection(server as Server, definition, platform.readiness);
      },
    },
  };
}

/** Stops taking calls, lets those under way finish for at most `drainSeconds`, and exits. */
function drainOnSignal(app: NestFastifyApplication, drainSeconds: number, { logger, readiness }: Platform): void {
  let draining = false;
  const drain = (why: string): void => {
    if (draining) return;
    draining = true;
    logger.info({ why }, 'draining');
    readiness.markNotReady('drain', 'shutting down');
    const timer = setTimeout(() => process.exit(0), drainSeconds * 1000);
    timer.unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', drain);
  process.once('SIGINT', drain);
  // A supervisor that died leaves no orphans behind: its channel closes with it.
  if (process.channel !== undefined)
    process.once('disconnect', () => {
      drain('supervisor gone');
    });
}

/** Runs a service until it is told to stop. Never returns an error: what prevents the start is logged and ends the process with 1. */
export async function runService(readSpec: () => { spec: ServiceSpec; config: ServiceConfig }): Promise<void> {
  let logger = createLogger('starting', 'info');
  try {
    const { spec, config } = readSpec();
    logger = createLogger(spec.name, config.GQR_LOG_LEVEL);
    const platform: Platform = { logger, metrics: new ServiceMetrics(spec.name), readiness: new Readiness(spec.waitsFor) };
    const http = new FastifyAdapter({ bodyLimit: spec.maxMessageBytes ?? 4 * 2 ** 20 });
    const root = { module: ChassisModule, imports: [ChassisModule.with(platform), spec.module(platform)] };
    const app = await NestFactory.create<NestFastifyApplication>(root, http, { logger: new NestLogger(logger), abortOnError: false });
    await spec.configureHttp?.(app);
    app.useGlobalFilters(new ErrorFilter(spec.errors, logger));
    tolerateResets();
    app.connectMicroservice<GrpcOptions>(grpcOptions(spec, config, platform), { inheritAppConfig: true });
    drainOnSignal(app, config.GQR_DRAIN_SECONDS, platform);
    await app.startAllMicroservices();
    const split = config.GQR_HTTP_LISTEN.lastIndexOf(':');
    await app.listen(Number(config.GQR_HTTP_LISTEN.slice(split + 1)), config.GQR_HTTP_LISTEN.slice(0, split));
    logger.info({ grpc: config.GQR_GRPC_LISTEN, http: config.GQR_HTTP_LISTEN }, 'listening');
  } catch (error) {
    if (error instanceof ConfigError) logger.fatal(error.message);
    else logger.fatal({ err: error }, `could not start: ${messageOf(error)}`);
    process.exitCode = 1;
    // Nothing else may keep a half-started service alive.
    setTimeout(() => process.exit(1), 100);
  }
}
