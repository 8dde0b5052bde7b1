import { runService } from '@gqr/chassis/service/run-service';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { AppModule, MODEL_READY } from './app.module.js';
import { readGenerationConfig } from './config.js';
import { generationErrors } from './error-table.js';

await runService(() => {
  const config = readGenerationConfig();
  return {
    config,
    spec: {
      name: 'generation',
      grpcServices: [GenerationService],
      errors: generationErrors,
      waitsFor: { [MODEL_READY]: 'the base model and its policies are being loaded' },
      module: (platform) => AppModule.with(config, platform),
    },
  };
});
