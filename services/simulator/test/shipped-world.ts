import { fileURLToPath } from 'node:url';

/** The world that ships with the service. */
export const WORLD_DIR = fileURLToPath(new URL('../../world', import.meta.url));
