import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Models that ship with the project. */
export const STARTER_MODELS = join(ROOT, 'starter', 'models');

/** Compiled main file of a service. */
export const mainOf = (service: string): string => join(ROOT, 'services', service, 'dist', 'src', 'main.js');

/** A variable that npm run bench sets. */
export function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; npm run bench sets it`);
  return value;
}
