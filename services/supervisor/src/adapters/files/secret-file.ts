import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 32;

/** The secret that is kept in a file of its owner's alone, made on first use, in hex. Impressions signed with a lost one cannot be clicked. */
export function readOrMakeSecret(dataDir: string, name: string): string {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, name);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  // Under its name only when it is whole: half a secret would be taken for one.
  const temporary = `${path}.${String(process.pid)}`;
  try {
    writeFileSync(temporary, `${randomBytes(BYTES).toString('hex')}\n`, { mode: 0o600 });
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return readFileSync(path, 'utf8').trim();
}
