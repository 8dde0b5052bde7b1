import { LlamaBackend } from '../src/adapters/llama/llama-backend.js';
import { FakeLanguageBackend } from '../src/domain/testing/fake-language-backend.js';
import { languageBackendContract } from './language-backend.contract.js';
import { NO_MODEL, realModel } from './real-model.js';

// Letters by their place in the line, so that lines differ and end.
const letters = (text: string): Record<string, number> => {
  const line = text.slice(text.lastIndexOf('\n') + 1).replace(/^Guide:/, '');
  if (line === '' && text.endsWith(':')) return { ' ': 1 };
  return line.trim().length < 2 ? { a: 0.4, b: 0.3, c: 0.3 } : { '\n': 0.6, a: 0.2, b: 0.2 };
};
languageBackendContract('the fake', () => Promise.resolve(new FakeLanguageBackend(letters)));

languageBackendContract(
  'llama.cpp',
  () =>
    LlamaBackend.load({
      modelPath: realModel?.path ?? '',
      modelSha256: realModel?.sha256 ?? '',
      threads: 1,
      concurrency: 1,
      maxWaiting: 1,
      contextTokens: 256,
      gpu: false,
    }),
  realModel === undefined ? NO_MODEL : undefined,
);
