import { runService } from '@gqr/chassis/service/run-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { AppModule, MODEL_READY } from './app.module.js';
import { readCtrConfig } from './config.js';
import { ctrErrors } from './error-table.js';

// The contract's largest batch, 10,000 texts, at 3 kB each; a larger message is refused before it is read.
const MAX_MESSAGE_BYTES = 32 * 2 ** 20;

await runService(() => {
  const config = readCtrConfig();
  return {
    config,
    spec: {
      name: 'ctr',
      grpcServices: [CtrService],
      errors: ctrErrors,
      waitsFor: { [MODEL_READY]: 'the click predictor is being loaded' },
      module: (platform) => AppModule.with(config, platform),
      maxMessageBytes: MAX_MESSAGE_BYTES,
    },
  };
});
