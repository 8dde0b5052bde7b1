import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Context } from '../context.js';

/** The folder that an evaluation writes to, made if it is not there: the one that was named, else a new one in the state folder. */
export async function evaluationFolder({ dataDir }: Context, named: string | undefined): Promise<string> {
  const out = resolve(named ?? join(dataDir, 'evaluations', new Date().toISOString().slice(0, 19).replaceAll(':', '')));
  await mkdir(out, { recursive: true });
  return out;
}
