import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MARK = 'starter-events-imported';

/**
 * Imports the events that ship with the project by the command that a user would give, once for every data folder. A start that was
 * interrupted imports them again, which changes nothing: an event counts once.
 * @returns whether there was anything to import
 * @throws Error with what the command said
 */
export async function importStarterEvents(options: {
  root: string;
  dataDir: string;
  trainer: string;
  signal: AbortSignal;
}): Promise<boolean> {
  const { root, dataDir, trainer, signal } = options;
  const folder = join(root, 'starter', 'events');
  const mark = join(dataDir, MARK);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz')) : [];
  if (files.length === 0 || existsSync(mark)) return false;
  const paths = files.sort().map((name) => join(folder, name));
  const command = [join(root, 'services', 'cli', 'bin', 'gqr.js'), '--trainer', trainer, 'events', 'import', ...paths, '--json'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'], signal });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(complaint.trim());
  writeFileSync(mark, `${new Date().toISOString()}\n`);
  return true;
}
