import { readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  GQR_REGISTRY: z.string('must be the folder of the model registry').describe('Folder of the model registry'),
});

export type Config = z.output<typeof variables>;

/** The only place that reads the environment. */
export function loadConfig(): Config {
  return readConfig(variables, process.env);
}
