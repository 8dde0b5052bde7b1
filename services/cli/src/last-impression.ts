import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ExitCode } from './exit-code.js';
import { CliFailure } from './failure.js';

const schema = z.object({ impressionId: z.string(), sessionId: z.string() });
/** The list that `recommend` showed last on this data folder, so that `click last 1` needs no id. */
export type LastImpression = z.output<typeof schema>;

const pathIn = (dataDir: string): string => join(dataDir, 'run', 'last-impression.json');

/** A convenience: where it cannot be kept, an id has to be given. */
export function keepLastImpression(dataDir: string, { impressionId, sessionId }: LastImpression): void {
  const content = JSON.stringify({ impressionId, sessionId });
  try {
    mkdirSync(dirname(pathIn(dataDir)), { recursive: true });
    writeFileSync(pathIn(dataDir), content);
  } catch {
    return;
  }
}

/** @throws CliFailure if there is none */
export function readLastImpression(dataDir: string): LastImpression {
  try {
    return schema.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')));
  } catch {
    throw new CliFailure(
      'No list was shown here before',
      'Ask for one first: npx gqr recommend "how do I repot a monstera"; or give the id of an impression.',
      ExitCode.WrongUsage,
    );
  }
}
