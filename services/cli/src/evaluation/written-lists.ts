import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const listSchema = z.object({
  prompt: z.string(),
  task: z.string(),
  policy: z.string(),
  /** How often the prompt was asked before, by the same policy. */
  draw: z.number(),
  query: z.string(),
  response: z.string(),
  /** Whole queries. */
  queries: z.array(z.string()),
  /** Queries that were asked for. */
  wanted: z.number(),
  milliseconds: z.number(),
  tokens: z.number(),
  redraws: z.number(),
  /** Worked examples that the prompt had. */
  examples: z.number().default(0),
  /** Why there is no list; empty if there is one. */
  failure: z.string(),
});

/** A list that was written for a prompt, or why there is none. */
export type WrittenList = z.output<typeof listSchema>;

/** Names a list among those of an evaluation. */
export function keyOf({ prompt, policy, draw }: Pick<WrittenList, 'prompt' | 'policy' | 'draw'>): string {
  return JSON.stringify([prompt, policy, draw]);
}

/** The lists of an evaluation, a line each, so that one that was cut off goes on where it was. */
export class ListFile {
  constructor(private readonly path: string) {}

  /** A line that was torn is passed over: its list is written again. */
  read(): WrittenList[] {
    if (!existsSync(this.path)) return [];
    return readFileSync(this.path, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          const list = listSchema.safeParse(JSON.parse(line));
          return list.success ? [list.data] : [];
        } catch {
          return [];
        }
      });
  }

  append(list: WrittenList): void {
    appendFileSync(this.path, `${JSON.stringify(list)}\n`);
  }
}
