import { runService } from '@gqr/chassis/service/run-service';
import { SimulatorService } from '@gqr/protos/gqr/simulator/v1/simulator';
import { errorTable } from './adapters/grpc/error-table.js';
import { AppModule } from './app.module.js';
import { loadConfig } from './config.js';

await runService(() => {
  const config = loadConfig();
  return {
    config,
    spec: {
      name: 'simulator',
      grpcServices: [SimulatorService],
      errors: errorTable,
      waitsFor: {},
      module: (platform) => AppModule.with(config, platform),
    },
  };
});
