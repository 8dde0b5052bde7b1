import { join } from 'node:path';
import { EnvironmentError, explainInstallFailure } from './errors.mjs';
import { interpreterOf } from './python.mjs';
import { runProgram } from './run-program.mjs';

const REPORT_MS = 2_000;
const MIB = { KiB: 1 / 1024, kB: 1 / 1024, MiB: 1, MB: 1, GiB: 1024, GB: 1024 };

/** Turns what pip or uv print into progress: MiB of the packages that are being fetched and that have been. */
class DownloadProgress {
  constructor(tool, report) {
    this.tool = tool;
    this.report = report;
    this.stage = 'download';
    this.sizes = new Map();
    this.under = new Set();
    this.doneMib = 0;
    this.startedAt = Date.now();
  }

  line(text) {
    const begun = /^\s*Downloading (\S+) \(([\d.]+) ?([KkMG]i?B)\)/.exec(text);
    const ended = /^\s*Downloaded (\S+)/.exec(text);
    if (begun !== null) {
      // pip says when it begins a package and not when it is done, but takes one after the other.
      if (this.tool === 'pip') [...this.under].forEach((name) => this.finish(name));
      this.sizes.set(begun[1], Number(begun[2]) * (MIB[begun[3]] ?? 0));
      this.under.add(begun[1]);
    } else if (ended !== null) this.finish(ended[1]);
    else if (/^(Prepared|Installing collected packages)/.test(text)) this.stage = 'install';
  }

  finish(name) {
    if (this.under.delete(name)) this.doneMib += this.sizes.get(name) ?? 0;
  }

  tell() {
    const total = [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
    const seconds = (Date.now() - this.startedAt) / 1000;
    const rate = seconds > 0 ? this.doneMib / seconds : 0;
    this.report({
      stage: this.stage,
      done: Math.round(this.stage === 'install' ? total : this.doneMib),
      total: Math.round(total),
      unit: 'MiB',
      rate: Math.round(rate * 10) / 10,
      secondsLeft: rate > 0 ? Math.round((total - this.doneMib) / rate) : null,
      message: this.stage === 'install' ? 'unpacking the packages' : [...this.under].slice(0, 4).join(', '),
    });
  }
}

/** Runs pip or uv with progress. @throws {EnvironmentError} */
async function runInstaller(tool, program, args, { env, report, signal }) {
  const progress = new DownloadProgress(tool, report);
  progress.tell();
  const timer = setInterval(() => progress.tell(), REPORT_MS);
  try {
    const { status, output } = await runProgram(program, args, { env, signal, onLine: (line) => progress.line(line) });
    if (status !== 0) throw explainInstallFailure(tool, output);
  } finally {
    clearInterval(timer);
  }
}

/** uv reads no pip configuration: what the user has told pip about indexes, proxies and certificates is handed to it. */
export function uvEnvironment(pipConfigList, env) {
  const pip = {};
  for (const line of pipConfigList.split('\n')) {
    const match = /^(?:global|user|site|install|:env:)\.([a-z-]+)=(['"])(.*)\2$/.exec(line.trim());
    if (match !== null) pip[match[1]] = match[3].replaceAll('\\n', ' ').trim();
  }
  const handed = {
    UV_DEFAULT_INDEX: env.UV_INDEX_URL ? undefined : pip['index-url'],
    UV_INDEX: env.UV_EXTRA_INDEX_URL ? undefined : pip['extra-index-url'],
    UV_FIND_LINKS: pip['find-links'],
    UV_INSECURE_HOST: pip['trusted-host'],
    SSL_CERT_FILE: pip['cert'],
    HTTPS_PROXY: pip['proxy'],
    UV_HTTP_TIMEOUT: pip['timeout'] ?? pip['default-timeout'],
    // With several indexes pip takes the file whose hash is right wherever it is; so may uv.
    UV_INDEX_STRATEGY: 'unsafe-best-match',
  };
  const set = Object.entries(handed).filter(([name, value]) => value !== undefined && value !== '' && !env[name]);
  return { ...env, ...Object.fromEntries(set) };
}

async function installWithUv(folder, python, { lockFile, uvLockFile, env, report, signal }) {
  report({ stage: 'installer', message: 'fetching uv' });
  const bootstrap = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', uvLockFile];
  const { status, output } = await runProgram(python, bootstrap, { env, signal });
  if (status !== 0) throw explainInstallFailure('pip', output);
  const config = await runProgram(python, ['-m', 'pip', 'config', 'list'], { env, signal });
  // The lock is complete; what a package asks for besides was left out on purpose (requirements.override).
  const args = ['pip', 'install', '--no-deps', '--python', python, '--require-hashes', '--only-binary', ':all:', '-r', lockFile];
  await runInstaller('uv', join(folder, 'bin', 'uv'), args, { env: uvEnvironment(config.output, env), report, signal });
}

async function installWithPip(python, { lockFile, env, report, signal }) {
  const args = [
    '-m',
    'pip',
    'install',
    '--no-deps',
    '--progress-bar',
    'off',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '--require-hashes',
  ];
  await runInstaller('pip', python, [...args, '-r', lockFile], { env, report, signal });
}

/** Installs the locked packages: by uv, which takes a quarter of the time, or by pip alone where uv cannot be had or fails. */
export async function install(folder, options) {
  const python = interpreterOf(folder);
  try {
    await installWithUv(folder, python, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof EnvironmentError)) throw error;
    options.report({ stage: 'installer', message: `installing with pip, since uv did not work: ${error.message}` });
    await installWithPip(python, options);
  }
  // Proves that what was installed works on this machine before anybody relies on it.
  const { status, output } = await runProgram(python, ['-c', 'import torch, transformers, onnxruntime, tokenizers'], options);
  if (status !== 0) throw explainInstallFailure('importing the packages', output);
}
