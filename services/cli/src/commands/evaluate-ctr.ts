import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JsonValue } from '@bufbuild/protobuf';
import { runOptions } from '../arguments.js';
import type { Action } from '../context.js';
import { evaluationFolder } from '../evaluation/evaluation-folder.js';
import { ctrEvaluationSchema } from '../evaluation/ctr-figures.js';
import { ctrPlots } from '../evaluation/ctr-plots.js';
import { CTR_HEAD, ctrMarkdown, ctrRows, panelLine, reasons, truthLine, verdicts } from '../evaluation/ctr-report.js';
import { ExitCode } from '../exit-code.js';
import { interruptible } from '../interruptible.js';
import { runLearner } from '../learner/run-learner.js';
import { fields, table } from '../terminal/terminal.js';

/** What the command line says of an evaluation of the click predictor. */
export interface EvaluateCtrOptions {
  readonly train: string;
  readonly test: string;
  readonly validation?: string;
  readonly truth?: string;
  readonly panel?: string;
  readonly panelTruth?: string;
  readonly format: string;
  readonly backbone: string;
  readonly variant: string;
  readonly seeds: number;
  readonly set: Readonly<Record<string, string>>;
  readonly out?: string;
}

/** The paths of those files that are named. */
export function filesOf(named: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(named).flatMap(([name, path]) => (path === undefined ? [] : [[name, resolve(path)]])));
}

export function evaluateCtr(options: EvaluateCtrOptions): Action {
  return async (context) => {
    const out = await evaluationFolder(context, options.out);
    const { train, test, validation, truth, panel, panelTruth, format, backbone, variant, seeds } = options;
    const config = { format, backbone, variant, seeds, ...runOptions(options.set) };
    const job = { command: 'evaluate-ctr', config, inputs: filesOf({ train, test, validation, truth, panel, panelTruth }), out };
    const goOn = `Cancelled. What was trained is kept: the same command with --out ${out} goes on.`;
    const metrics = await interruptible(context, goOn, ({ signal, display }) =>
      runLearner(job, { signal, onProgress: display.update.bind(display) }),
    );
    if (metrics === undefined) return ExitCode.Cancelled;
    const found = ctrEvaluationSchema.parse(metrics);
    const settings = Object.entries(config).map(([name, value]) => `${name} ${String(value)}`);
    await writeFile(join(out, 'report.md'), ctrMarkdown(found, `Trained and judged with ${settings.join(', ')}.`));
    for (const [name, picture] of Object.entries(ctrPlots(found))) await writeFile(join(out, name), picture);
    const remarks = fields([
      ...verdicts(found).map((verdict) => ['model is', verdict] as const),
      ['truth', truthLine(found)],
      ['panel', panelLine(found)],
      ['length', found.lengthBias['all']?.verdict ?? undefined],
      ...reasons(found).map((reason) => ['beware', reason] as const),
      ['report', out],
    ]);
    context.terminal.result({ out, ...(metrics as Record<string, JsonValue>) }, `${table(CTR_HEAD, ctrRows(found))}\n\n${remarks}`);
    return ExitCode.Done;
  };
}
