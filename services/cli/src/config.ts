import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { address, ConfigError, readConfig } from '@gqr/chassis/config/read-config';
import { z } from 'zod';
import { ExitCode } from './exit-code.js';
import { CliFailure } from './failure.js';

const variables = z.object({
  GQR_DATA: z.string().optional(),
  GQR_GATEWAY_ADDRESS: address.optional(),
  GQR_GENERATION_ADDRESS: address.optional(),
  GQR_TRAINER_ADDRESS: address.optional(),
  GQR_SIMULATOR_ADDRESS: address.optional(),
});

/** Makes sense of the environment; nothing else of it is read. @throws CliFailure naming every variable that is wrong */
export function readCliConfig(environment: Record<string, string | undefined>) {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  try {
    const config = readConfig(variables, environment);
    return {
      root,
      dataDir: resolve(root, config.GQR_DATA ?? '.gqr'),
      addresses: {
        ...(config.GQR_GATEWAY_ADDRESS !== undefined && { gateway: config.GQR_GATEWAY_ADDRESS }),
        ...(config.GQR_GENERATION_ADDRESS !== undefined && { generation: config.GQR_GENERATION_ADDRESS }),
        ...(config.GQR_TRAINER_ADDRESS !== undefined && { trainer: config.GQR_TRAINER_ADDRESS }),
        ...(config.GQR_SIMULATOR_ADDRESS !== undefined && { simulator: config.GQR_SIMULATOR_ADDRESS }),
      },
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliFailure(error.message, 'Correct or unset these variables.', ExitCode.WrongUsage);
  }
}
