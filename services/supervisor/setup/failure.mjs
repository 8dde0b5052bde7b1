/** Something that went wrong and that the user can mend. It is shown as message and remedy, never as a stack trace. */
export class SetupFailure extends Error {
  /** @override */
  name = 'SetupFailure';

  /**
   * @param {string} message what went wrong
   * @param {string} remedy what the user can do about it
   */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * The message of anything that was thrown.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What a user can act on, whatever was thrown: faults of the disk and of permissions have well-known remedies.
 * @param {unknown} error
 * @returns {SetupFailure | undefined} undefined when nobody foresaw it
 */
export function explain(error) {
  if (error instanceof SetupFailure) return error;
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error instanceof Error ? error : {});
  const where = typeof path === 'string' ? path : 'the disk';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SetupFailure(
      `The disk is full: ${where}`,
      'Free some space (df -h shows where), or point GQR_CACHE or GQR_DATA to a folder on another disk; then run the command again.',
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new SetupFailure(
      `No permission to write ${where}`,
      'Make the folder writable for you, or point GQR_CACHE (downloads) or GQR_DATA (state) to one that is; then run the command again.',
    );
  }
  return undefined;
}

/**
 * Shows what went wrong and what to do about it; of what nobody foresaw, everything.
 * @param {unknown} error
 */
export function showFailure(error) {
  const failure = explain(error);
  if (failure === undefined) console.error(error);
  else console.error(`\n${failure.message}\n\n  What to do: ${failure.remedy}\n`);
}

/**
 * Runs the main part of a command; whatever it throws is shown and ends the process with 1.
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    showFailure(error);
  }
}
