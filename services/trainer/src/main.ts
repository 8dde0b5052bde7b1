import { runService } from '@gqr/chassis/service/run-service';
import { TrainerService } from '@gqr/protos/gqr/trainer/v1/trainer';
import { errorTable } from './adapters/grpc/error-table.js';
import { AppModule } from './app.module.js';
import { loadConfig } from './config.js';

/** ValidateEvents takes 10,000 events. */
const MAX_MESSAGE_BYTES = 64 * 2 ** 20;

await runService(() => {
  const config = loadConfig();
  return {
    config,
    spec: {
      name: 'trainer',
      grpcServices: [TrainerService],
      errors: errorTable,
      waitsFor: { ingest: 'the event store is being recovered' },
      maxMessageBytes: MAX_MESSAGE_BYTES,
      module: (platform) => AppModule.with(config, platform),
    },
  };
});
