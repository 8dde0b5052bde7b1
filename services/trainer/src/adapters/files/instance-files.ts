import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import { RunFailedError } from '../../domain/runs/errors.js';
import type { InstanceSource, SftInstance } from '../../domain/sft/instances.js';

/** A line of an instance file. Who wrote it, how and why stands in further fields, which training does not read. */
const line = z.object({
  task: z.string(),
  split: z.enum(['train', 'validation', 'test']),
  inputs: z.object({ query: z.string().min(1), response: z.string(), history: z.array(z.string()) }),
  cooccurrence: z.array(z.object({ text: z.string() })),
  output: z.object({ queries: z.array(z.string().min(1)).min(1) }).catchall(z.string()),
});

function parseLine(text: string, where: string): { task: string; instance: SftInstance } {
  try {
    const { task, split, inputs, cooccurrence, output } = line.parse(JSON.parse(text));
    const { queries, ...auxiliaryTexts } = output;
    const instance = { split, ...inputs, cooccurrenceQueries: cooccurrence.map((each) => each.text), auxiliaryTexts, queries };
    return { task, instance };
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error);
    throw new RunFailedError(`${where} is no instance (${why}); mend the line`);
  }
}

/** Instances in JSON lines, `<task>.jsonl` and `<task>-*.jsonl` of one folder. */
export class InstanceFiles implements InstanceSource {
  constructor(private readonly folder: string) {}

  async read(task: string): Promise<SftInstance[]> {
    const names = (await this.names()).filter(
      (name) => name === `${task}.jsonl` || (name.startsWith(`${task}-`) && name.endsWith('.jsonl')),
    );
    const files = await Promise.all(names.sort().map((name) => this.readFile(join(this.folder, name))));
    return files
      .flat()
      .filter((each) => each.task === task)
      .map(({ instance }) => instance);
  }

  private async names(): Promise<string[]> {
    return readdir(this.folder).catch((error: unknown) => {
      throw new RunFailedError(`the folder of instances can't be read (${messageOf(error)}); set GQR_SFT_DIR right`);
    });
  }

  private async readFile(path: string): Promise<ReturnType<typeof parseLine>[]> {
    const lines = (await readFile(path, 'utf8')).split('\n');
    return lines.flatMap((text, index) => (text.trim() === '' ? [] : [parseLine(text, `${path}:${String(index + 1)}`)]));
  }
}
