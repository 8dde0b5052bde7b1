import type { ExitCode } from './exit-code.js';

/** Something that the user can mend; shown as message and remedy. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  constructor(
    message: string,
    readonly remedy: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
  }
}
