import { stat } from 'node:fs/promises';
import { messageOf } from '@gqr/chassis/errors';
import { RpcError } from '@gqr/chassis/grpc/client';
import { TrainerService } from '@gqr/protos/gqr/trainer/v1/trainer';
import { type Action, withService } from '../context.js';
import { type FileReport, importFile, validateFile } from '../events/import-file.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { interruptible } from '../interruptible.js';
import type { ProgressDisplay } from '../terminal/progress-display.js';
import { table } from '../terminal/terminal.js';

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
    throw new Error('it is not a file');
  } catch (error) {
    throw new CliFailure(`${path} cannot be read: ${messageOf(error)}`, 'Give files of JSON lines, gzipped or not.', ExitCode.WrongUsage);
  }
}

function describe(reports: readonly (FileReport & { file: string })[], dryRun: boolean): string {
  const imported = reports.reduce((sum, report) => sum + report.imported, 0);
  const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
  const faults = reports.flatMap(({ file, faults: list }) =>
    list.map(({ line, field, description }) => [`${file}:${String(line)}`, field, description]),
  );
  const counts = dryRun
    ? `${String(imported)} events are fine, ${String(rejected)} would be rejected. Nothing was imported.`
    : `${String(imported)} events imported, ${String(rejected)} rejected.`;
  if (faults.length === 0) return counts;
  const unlisted = rejected > faults.length ? `\n... and ${String(rejected - faults.length)} more` : '';
  return `${table(['LINE', 'FIELD', 'FAULT'], faults)}${unlisted}\n\n${counts}`;
}

export function importEvents(files: readonly string[], dryRun: boolean): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const sizes = await Promise.all(files.map(sizeOf));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const startedAt = Date.now();
      const reports: (FileReport & { file: string })[] = [];
      let bytes = 0;
      let events = 0;
      const show = (display: ProgressDisplay, title: string): void => {
        const seconds = (Date.now() - startedAt) / 1000;
        const secondsLeft = bytes > 0 && seconds > 1 ? (seconds / bytes) * (total - bytes) : undefined;
        display.update({
          title,
          done: bytes,
          total,
          unit: 'bytes',
          rate: bytes / Math.max(seconds, 0.001),
          secondsLeft,
          message: `${String(events)} events`,
        });
      };
      const handle = dryRun ? validateFile : importFile;
      const goOn = 'Interrupted. Import the same files again: an event counts once.';
      const done = await interruptible(context, goOn, async ({ signal, display }) => {
        for (const file of files) {
          const watch = {
            onBytes: (more: number) => {
              bytes += more;
              show(display, file);
            },
            onEvents: (more: number) => {
              events += more;
            },
            signal,
          };
          reports.push({ file, ...(await readOrExplain(file, () => handle(trainer, file, watch))) });
        }
        return true;
      });
      if (done === undefined) return ExitCode.Cancelled;
      const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
      const document = {
        imported: reports.reduce((sum, report) => sum + report.imported, 0),
        rejected,
        faults: reports.flatMap(({ file, faults }) => faults.map((fault) => ({ file, ...fault }))),
      };
      context.terminal.result(document, describe(reports, dryRun));
      return rejected > 0 ? ExitCode.InPart : ExitCode.Done;
    });
}

/** Faults of the file itself, such as a gzip stream that is cut off, are the user's to mend. */
async function readOrExplain<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RpcError || !(error instanceof Error) || !('code' in error)) throw error;
    throw new CliFailure(
      `${file} cannot be read to its end: ${error.message}`,
      'Mend the file; what stood before is imported.',
      ExitCode.WrongUsage,
    );
  }
}
