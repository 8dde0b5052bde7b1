import { runService } from '@gqr/chassis/service/run-service';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { errorTable } from './adapters/grpc/error-table.js';
import { AppModule } from './app.module.js';
import { loadConfig } from './config.js';

await runService(() => {
  const config = loadConfig();
  return {
    config,
    spec: {
      name: 'cooccurrence',
      grpcServices: [CooccurrenceService],
      errors: errorTable,
      waitsFor: { snapshot: 'looking for a snapshot in the registry' },
      module: (platform) => AppModule.with(config, platform),
    },
  };
});
