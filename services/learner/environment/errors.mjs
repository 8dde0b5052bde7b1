/** The environment cannot be made; says what the user can do about it. */
export class EnvironmentError extends Error {
  constructor(reason, remedy) {
    super(reason);
    this.name = 'EnvironmentError';
    this.remedy = remedy;
  }

  /** Anything that was thrown, with the best remedy that is known for it. */
  static from(error) {
    if (error instanceof EnvironmentError) return error;
    if (error?.code === 'ENOSPC' || error?.code === 'EDQUOT') return diskFull();
    if (error?.code === 'EACCES' || error?.code === 'EROFS' || error?.code === 'EPERM') {
      return new EnvironmentError(
        `${error.path ?? 'the cache folder'} cannot be written`,
        'set GQR_CACHE to a folder that you may write to',
      );
    }
    return new EnvironmentError(error?.message ?? String(error), 'remove the learner folder from the cache folder and start again');
  }
}

export function diskFull() {
  return new EnvironmentError('the disk is full', 'free some space, or set GQR_CACHE to a folder on a larger disk; then start again');
}

/** What the last lines of a failed pip or uv mean for the user. */
export function explainInstallFailure(tool, output) {
  const text = output.toLowerCase();
  const last = output.trim().split('\n').slice(-3).join(' ').slice(-600);
  if (/no space left on device|disk quota exceeded/.test(text)) return diskFull();
  if (/do not match the hashes|hash mismatch/.test(text)) {
    return new EnvironmentError(
      `a downloaded package is not the one that requirements.lock names: ${last}`,
      'check the package index or mirror that pip is configured to use; it must serve the same files as PyPI',
    );
  }
  if (
    /name resolution|resolve host|dns error|network is unreachable|connection (refused|reset|error|timed out)|timed? ?out|max retries|newconnectionerror|error sending request|failed to fetch|tunnel|no route to host|offline/.test(
      text,
    )
  ) {
    return new EnvironmentError(
      `the package index cannot be reached: ${last}`,
      'the first start needs a network; behind a mirror or proxy, configure pip as usual (pip config, PIP_INDEX_URL, HTTPS_PROXY), then start again',
    );
  }
  return new EnvironmentError(`${tool} failed: ${last}`, 'mend what it says, then start again');
}
