import { LOGGER } from '@gqr/chassis/service/chassis.module';
import { runService } from '@gqr/chassis/service/run-service';
import { RecommendationService } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { errorTable } from './adapters/grpc/error-table.js';
import { configureHttp } from './adapters/http/configure-http.js';
import { GatewayMetrics } from './adapters/metrics/gateway-metrics.js';
import { AppModule } from './app.module.js';
import { loadConfig } from './config.js';

await runService(() => {
  const config = loadConfig();
  const maxMessageBytes = config.GQR_GATEWAY_MAX_MESSAGE_MIB * 2 ** 20;
  return {
    config,
    spec: {
      name: 'gateway',
      grpcServices: [RecommendationService],
      errors: errorTable,
      waitsFor: { tasks: 'waiting for generation to list its tasks' },
      module: (platform) => AppModule.with(config, platform),
      maxMessageBytes,
      configureHttp: (app) =>
        configureHttp(app, {
          consoleDir: config.GQR_CONSOLE_DIR,
          maxBodyBytes: maxMessageBytes,
          logger: app.get(LOGGER),
          metrics: app.get(GatewayMetrics),
        }),
    },
  };
});
