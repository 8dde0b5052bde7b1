import { address, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  GQR_WORLD_DIR: z.string('must be the folder of the world (topics/ and behaviour.yaml)').describe('Folder of the simulated world'),
  GQR_DATA: z.string('must be the folder of the state').describe('Folder under which simulations/ keeps journals and reports'),
  GQR_GATEWAY_ADDRESS: address.describe('gRPC address of the gateway'),
  GQR_SIMULATOR_CALL_SECONDS: integer(1, 600).default(30).describe('Deadline of each call of the gateway'),
  GQR_SIMULATOR_GIVE_UP_SECONDS: integer(1, 86_400).default(180).describe('How long nothing may be shown before a simulation gives up'),
});

export type Config = z.output<typeof variables>;

/** The only place that reads the environment. */
export function loadConfig(): Config {
  return readConfig(variables, process.env);
}
