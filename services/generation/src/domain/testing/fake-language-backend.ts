import type { BackendCapabilities, BackendHealth, LanguageBackend, PolicyArtefact, PolicyModel } from '../backend/language-backend.js';
import { UnusablePolicyError } from '../errors.js';
import { TokenPolicy } from '../decode/token-policy.js';
import { FakeTokenModel, FakeVocabulary, type NextCharacter } from './fake-token-model.js';

/** A backend whose model is a function. */
export class FakeLanguageBackend implements LanguageBackend {
  readonly name = 'fake';
  readonly baseModelSha256 = 'base-sha';
  readonly tokenizer = new FakeVocabulary();
  readonly loaded = new Map<string, FakeTokenModel>();
  readonly capabilities: BackendCapabilities = {
    contextTokens: 1_000,
    enforcesExclusions: true,
    knowsPropensities: true,
    scores: true,
    diverseBeams: true,
  };

  constructor(private readonly next: NextCharacter = () => ({ a: 0.5, '\n': 0.5 })) {}

  load({ taskId, version, folder }: PolicyArtefact): Promise<PolicyModel> {
    if (folder === 'damaged') return Promise.reject(new Error('bad magic'));
    if (folder?.startsWith('/nowhere')) return Promise.reject(new UnusablePolicyError(`policy ${version} has no files`));
    const model = new FakeTokenModel(this.next);
    this.loaded.set(`${taskId}/${version}`, model);
    return Promise.resolve(new TokenPolicy(model));
  }

  listAdapters(): Promise<readonly string[]> {
    return Promise.resolve([...this.loaded].filter(([name, model]) => !model.closed && !name.endsWith('/base')).map(([name]) => name));
  }

  health(): Promise<BackendHealth> {
    return Promise.resolve({ ready: true });
  }

  async close(): Promise<void> {
    await Promise.all([...this.loaded.values()].map((model) => model.close()));
  }
}
