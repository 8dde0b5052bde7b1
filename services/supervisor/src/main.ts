import { fileURLToPath } from 'node:url';
import { ConfigError } from '@gqr/chassis/config/read-config';
import { runMain, SetupFailure } from '../setup/failure.mjs';
import { readOrMakeSecret } from './adapters/files/secret-file.js';
import { readSupervisorConfig } from './config.js';
import { planPorts, planServices } from './domain/service-plan.js';
import { runSupervisor } from './run-supervisor.js';

function readConfigOrExplain(root: string): ReturnType<typeof readSupervisorConfig> {
  try {
    return readSupervisorConfig(root);
  } catch (error) {
    throw error instanceof ConfigError
      ? new SetupFailure(error.message, 'Correct them; services/supervisor/README.md lists them all.')
      : error;
  }
}

await runMain(async () => {
  const root = fileURLToPath(new URL('../../../../', import.meta.url)).replace(/\/$/, '');
  const config = readConfigOrExplain(root);
  const plans = planServices({
    root,
    dataDir: config.GQR_DATA,
    cacheDir: config.GQR_CACHE,
    host: config.GQR_HOST,
    ports: planPorts({ base: config.GQR_PORT_BASE, http: config.GQR_HTTP_PORT, grpc: config.GQR_GRPC_PORT }),
    languageModel: { path: config.GQR_LLM_MODEL, sha256: config.GQR_LLM_MODEL_SHA256, threads: config.GQR_LLM_THREADS },
    gatewaySecret: readOrMakeSecret(config.GQR_DATA, 'gateway-id-secret'),
    acceptOccurredAt: config.GQR_GATEWAY_ACCEPT_OCCURRED_AT,
    drainSeconds: config.GQR_DRAIN_SECONDS,
  });
  // A terminal that was closed takes no more lines; the services are stopped in order all the same.
  process.stdout.on('error', () => undefined);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  await runSupervisor({ root, dataDir: config.GQR_DATA, drainSeconds: config.GQR_DRAIN_SECONDS, plans, say });
  process.exit();
});
