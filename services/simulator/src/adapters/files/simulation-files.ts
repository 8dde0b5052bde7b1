import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { TASK_IDS } from '../../domain/population/behaviour.js';
import type { Journal, JournalEntry, Journals, SimulationHead } from '../../domain/simulation/journal.js';

const headSchema = z.object({
  id: z.string(),
  startedAt: z.iso.datetime().transform((text) => new Date(text)),
  spec: z.object({
    impressions: z.number(),
    days: z.number(),
    users: z.number(),
    scripts: z.number().default(0),
    seed: z.string().transform(BigInt),
    tasks: z.array(z.enum(TASK_IDS)),
    concurrency: z.number(),
    rate: z.number(),
    realTime: z.boolean(),
    policy: z.string(),
    world: z.string(),
  }),
});

const entrySchema: z.ZodType<JournalEntry> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun'), session: z.number() }),
  z.object({
    kind: z.literal('shown'),
    task: z.enum(TASK_IDS),
    day: z.number(),
    segment: z.string(),
    policy: z.string(),
    degraded: z.boolean(),
    size: z.number(),
    clicks: z.array(z.number()),
    expected: z.number(),
  }),
]);

/** A journal as a file of JSON lines. A line that was torn by a crash is passed over. */
class JournalFile implements Journal {
  private readonly file: string;
  private descriptor: number | undefined;

  constructor(readonly reportDirectory: string) {
    this.file = join(reportDirectory, 'journal.jsonl');
  }

  append(entry: JournalEntry): void {
    if (this.descriptor === undefined) {
      const torn = existsSync(this.file) && !readFileSync(this.file, 'utf8').endsWith('\n');
      this.descriptor = openSync(this.file, 'a');
      if (torn) appendFileSync(this.descriptor, '\n');
    }
    appendFileSync(this.descriptor, `${JSON.stringify(entry)}\n`);
  }

  *entries(): Generator<JournalEntry> {
    if (!existsSync(this.file)) return;
    for (const line of readFileSync(this.file, 'utf8').split('\n')) {
      const entry = readEntry(line);
      if (entry !== undefined) yield entry;
    }
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

function readEntry(line: string): JournalEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Keeps every simulation in a folder of its own: head.json, journal.jsonl and, when it has ended, its report. */
export class SimulationFiles implements Journals {
  constructor(private readonly folder: string) {}

  begin(head: SimulationHead): Journal {
    const directory = join(this.folder, head.id);
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, 'head.json'),
      `${JSON.stringify(head, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
    );
    return new JournalFile(directory);
  }

  reopen(id: string): { head: SimulationHead; journal: Journal } | undefined {
    const known = id === '' ? this.latest() : id;
    // An id is a name, never a way out of the folder.
    if (known === undefined || !/^[\w-]+$/.test(known)) return undefined;
    const file = join(this.folder, known, 'head.json');
    if (!existsSync(file)) return undefined;
    return { head: headSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), journal: new JournalFile(join(this.folder, known)) };
  }

  private latest(): string | undefined {
    if (!existsSync(this.folder)) return undefined;
    const begun = readdirSync(this.folder).flatMap((name) => {
      const file = join(this.folder, name, 'head.json');
      return existsSync(file) ? [{ name, at: statSync(file).mtimeMs }] : [];
    });
    return begun.sort((a, b) => b.at - a.at)[0]?.name;
  }
}
