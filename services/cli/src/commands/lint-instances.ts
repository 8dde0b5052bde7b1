import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Action } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { interruptible } from '../interruptible.js';
import { runLearner } from '../learner/run-learner.js';

const SHIPPED = fileURLToPath(new URL('../../../../../starter/sft/', import.meta.url));

/** What the learner's lint-instances answers. */
const metricsSchema = z.object({
  instances: z.number(),
  faults: z.array(z.object({ file: z.string(), line: z.number(), field: z.string(), description: z.string() })),
  warnings: z.array(z.string()),
  card: z.string(),
});

/** @param folder the instances that ship, if left out */
export function lintInstances(folder: string | undefined, options: { readonly others?: string; readonly semantic: boolean }): Action {
  return async (context) => {
    const out = await mkdtemp(join(tmpdir(), 'gqr-lint-'));
    const inputs = { instances: resolve(folder ?? SHIPPED), ...(options.others !== undefined && { others: resolve(options.others) }) };
    const job = { command: 'lint-instances', config: { semantic: options.semantic }, inputs, out };
    const metrics = await interruptible(context, 'Cancelled.', ({ signal, display }) =>
      runLearner(job, { signal, onProgress: display.update.bind(display) }),
    ).finally(() => rm(out, { recursive: true, force: true }));
    if (metrics === undefined) return ExitCode.Cancelled;
    const found = metricsSchema.parse(metrics);
    const faults = found.faults.map(({ file, line, field, description }) => {
      return `${file}:${String(line)}: ${[field, description].filter((part) => part !== '').join(' ')}`;
    });
    const summary = `${String(found.instances)} instances, ${faults.length === 0 ? 'no fault' : `${String(faults.length)} faults`}`;
    const parts = [faults.join('\n'), found.warnings.join('\n'), found.card.trimEnd(), summary];
    context.terminal.result(found, parts.filter((part) => part !== '').join('\n\n'));
    return faults.length === 0 ? ExitCode.Done : ExitCode.WrongUsage;
  };
}
