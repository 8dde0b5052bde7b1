import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@gqr/chassis/errors';
import { type Artefact, ModelNotFoundError, type ModelRegistry, UnusableModelError } from '@gqr/chassis/registry/registry';
import { z } from 'zod';
import { ModelRefusedError, type ModelStore, type StoredModel } from '../../domain/model/model-store.js';
import { JsonTokenizer } from '../tokenizers/json-tokenizer.js';
import { goldenFile, inputFile } from './model-files.js';

/** Kind of this service's models in the registry. */
export const CTR_KIND = 'ctr';
const STABLE = 'stable';
const CANDIDATE = 'candidate';
const NETWORK = 'model.onnx';

async function readJson<S extends z.ZodType>(folder: string, name: string, schema: S): Promise<z.output<S>> {
  const parsed = schema.safeParse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${name} is not as it should be: ${z.prettifyError(parsed.error).slice(0, 500)}`);
}

/** The click predictors of a model registry. */
export class RegistryModelStore implements ModelStore {
  constructor(private readonly registry: ModelRegistry) {}

  async stableVersions(): Promise<readonly string[]> {
    try {
      const stable = await this.registry.channel(CTR_KIND, STABLE);
      return stable === undefined ? [] : [stable, ...(await this.registry.channelHistory(CTR_KIND, STABLE))];
    } catch (error) {
      throw this.refused(error);
    }
  }

  async candidateVersion(): Promise<string> {
    try {
      const version = await this.registry.channel(CTR_KIND, CANDIDATE);
      if (version === undefined) throw new ModelNotFoundError(`channel "${CANDIDATE}" names no click predictor`);
      return version;
    } catch (error) {
      throw this.refused(error);
    }
  }

  async open(version: string): Promise<StoredModel> {
    try {
      return await this.read(version, await this.registry.fetch({ kind: CTR_KIND, version }));
    } catch (error) {
      throw this.refused(error);
    }
  }

  private async read(version: string, { manifest, path }: Artefact): Promise<StoredModel> {
    if (!manifest.files.some(({ name }) => name === NETWORK)) throw new Error(`there is no ${NETWORK} among its files`);
    const { tasks, tokenizer, clsToken, sepToken, precision, ...spec } = await readJson(path, 'input.json', inputFile);
    return {
      version,
      networkPath: join(path, NETWORK),
      precision,
      spec: { ...spec, tasks: new Map(Object.entries(tasks)) },
      tokenizer: await JsonTokenizer.read(join(path, tokenizer), { clsToken, sepToken }),
      golden: await readJson(path, 'golden.json', goldenFile),
    };
  }

  private refused(error: unknown): ModelRefusedError {
    if (error instanceof ModelNotFoundError) return new ModelRefusedError('MODEL_NOT_FOUND', error.message);
    if (error instanceof UnusableModelError) return new ModelRefusedError('MODEL_DAMAGED', error.message);
    return new ModelRefusedError('MODEL_DAMAGED', `the files of the click predictor cannot be used: ${messageOf(error)}`);
  }
}
