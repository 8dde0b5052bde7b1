import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '@bufbuild/protobuf';
import { fileText, runOptions } from '../arguments.js';
import { type Action, type Context } from '../context.js';
import { type Table2, table2Schema } from '../evaluation/ctr-figures.js';
import { table2Plot } from '../evaluation/ctr-plots.js';
import { TABLE2_HEAD, table2Markdown, table2Rows } from '../evaluation/table2-report.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { interruptible } from '../interruptible.js';
import { runLearner } from '../learner/run-learner.js';
import { fields, table } from '../terminal/terminal.js';
import { filesOf } from './evaluate-ctr.js';

/** What the command line says of Table 2. */
export interface EvaluateTable2Options {
  readonly log?: string;
  readonly mimics?: string;
  readonly backbone: readonly string[];
  readonly variant: readonly string[];
  readonly seeds: number;
  readonly set: Readonly<Record<string, string>>;
  readonly results?: string;
  readonly work?: string;
  readonly out?: string;
}

const ROOT = new URL('../../../../../', import.meta.url);
const SESSIONS = fileURLToPath(new URL('starter/events/sessions.jsonl.gz', ROOT));
const RESULTS = fileURLToPath(new URL('docs/results/', ROOT));

export function evaluateTable2(options: EvaluateTable2Options): Action {
  return async (context) => {
    const answer = options.results === undefined ? await compute(context, options) : readResults(options.results);
    if (answer === undefined) return ExitCode.Cancelled;
    const found = table2Schema.parse(answer);
    const out = resolve(options.out ?? RESULTS);
    await write(out, answer, found);
    context.terminal.result(
      { out, ...(answer as Record<string, JsonValue>) },
      `${table(TABLE2_HEAD, table2Rows(found))}\n\n${fields([['report', join(out, 'table2.md')]])}`,
    );
    return ExitCode.Done;
  };
}

/** Has the learner do what is left of the table; undefined if the user stops it. */
function compute(context: Context, options: EvaluateTable2Options): Promise<unknown> {
  const { log, mimics, backbone, variant, seeds } = options;
  const work = resolve(options.work ?? join(context.dataDir, 'evaluations', 'table2'));
  const config = {
    seeds,
    ...(backbone.length > 0 && { backbones: backbone.join(',') }),
    ...(variant.length > 0 && { variants: variant.join(',') }),
    ...runOptions(options.set),
  };
  const job = { command: 'evaluate-table2', config, inputs: filesOf({ log: log ?? SESSIONS, mimics }), out: work };
  const goOn = `Cancelled. What was trained is kept in ${work}: the same command goes on.`;
  return interruptible(context, goOn, ({ signal, display }) => runLearner(job, { signal, onProgress: display.update.bind(display) }));
}

/** Results that were computed elsewhere. @throws CliFailure */
function readResults(path: string): unknown {
  try {
    const value: unknown = JSON.parse(fileText(path));
    table2Schema.parse(value);
    return value;
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure(
      `${path} holds no results of Table 2`,
      'Name the results.json that evaluate-table2 of the learner wrote.',
      ExitCode.WrongUsage,
    );
  }
}

async function write(out: string, answer: unknown, found: Table2): Promise<void> {
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'table2.json'), `${JSON.stringify(answer, null, 1)}\n`);
  await writeFile(join(out, 'table2.md'), table2Markdown(found));
  await writeFile(join(out, 'table2-auc.svg'), table2Plot(found));
}
