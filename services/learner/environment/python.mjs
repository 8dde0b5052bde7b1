import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError, explainInstallFailure } from './errors.mjs';
import { runProgram } from './run-program.mjs';

const NAMES = ['python3.13', 'python3.12', 'python3.11', 'python3', 'python'];
const OLDEST = [3, 11];
/** First version for which the pinned packages have no wheels. */
const TOO_NEW = [3, 14];

const before = ([major, minor], [otherMajor, otherMinor]) => major < otherMajor || (major === otherMajor && minor < otherMinor);

/** Version and absolute path of an interpreter; undefined if there is none of that name. */
async function inspect(name, env) {
  const probe = 'import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)';
  const { status, output } = await runProgram(name, ['-c', probe], { env }).catch(() => ({ status: 1, output: '' }));
  const match = /^(\d+) (\d+) (.+)$/m.exec(output);
  return status === 0 && match !== null ? { version: [Number(match[1]), Number(match[2])], path: match[3] } : undefined;
}

/** The first interpreter that fits, of GQR_PYTHON or of those on the PATH. */
export async function findPython(env) {
  const seen = [];
  for (const name of env.GQR_PYTHON ? [env.GQR_PYTHON] : NAMES) {
    const found = await inspect(name, env);
    if (found === undefined) continue;
    if (!before(found.version, OLDEST) && before(found.version, TOO_NEW)) return found.path;
    seen.push(`${found.path} is ${found.version.join('.')}`);
  }
  const what = env.GQR_PYTHON ? `GQR_PYTHON (${env.GQR_PYTHON})` : 'the PATH';
  throw new EnvironmentError(
    `no Python 3.11, 3.12 or 3.13 in ${what}${seen.length > 0 ? `: ${seen.join(', ')}` : ''}`,
    'install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13), or set GQR_PYTHON to it',
  );
}

export function interpreterOf(folder) {
  return join(folder, 'bin', 'python');
}

/** A virtual environment with pip in `folder`. */
export async function createVenv(python, folder, signal) {
  const { status, output } = await runProgram(python, ['-m', 'venv', folder], { signal });
  if (status === 0 && existsSync(interpreterOf(folder))) return;
  if (/No module named '?(venv|ensurepip)|ensurepip is not available/.test(output)) {
    throw new EnvironmentError(
      `${python} has no venv module`,
      'install it (Debian, Ubuntu: apt install python3-venv), or set GQR_PYTHON to another Python',
    );
  }
  throw explainInstallFailure('python -m venv', output);
}
