import { unlimited } from '@gqr/chassis/grpc/call';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { LlamaVocabulary } from '../../src/adapters/llama/llama-vocabulary.js';
import type { TextServer } from '../../src/adapters/vllm/text-server.js';
import { VllmBackend } from '../../src/adapters/vllm/vllm-backend.js';
import type { PolicyModel } from '../../src/domain/backend/language-backend.js';
import { obeys } from '../../src/domain/grammar/line-rule.js';
import { renderPrompt } from '../../src/domain/prompt/render-prompt.js';
import { queryLine } from '../../src/domain/prompt/response-lines.js';
import { asEnforced, contractTask, languageBackendContract } from '../language-backend.contract.js';
import { realModel } from '../real-model.js';

/** Policies that ship with the project, as the servers see them. */
export const STARTER = fileURLToPath(new URL('../../../../../starter/models/', import.meta.url));
/** A busy machine takes minutes to import what a server needs, and to answer. */
export const PATIENCE_MS = 600_000;

function policyFolder(task: string): string {
  const folder = join(STARTER, `policy.${task}`);
  return join(folder, readdirSync(folder)[0] ?? '');
}

/** A server that is up when its suite begins. */
export interface LiveServer {
  readonly address: string;
  readonly scores: boolean;
  readonly connect: (address: string, vocabulary: LlamaVocabulary) => TextServer;
}

/** What every server with a real model holds to. */
export function liveServerContract(name: string, server: () => LiveServer, takesAdapters = true): void {
  const open = async (): Promise<VllmBackend> => {
    const { address, connect, scores } = server();
    const vocabulary = await LlamaVocabulary.load(realModel?.path ?? '');
    return VllmBackend.open({
      targets: [address],
      connect: (target) => connect(target, vocabulary),
      baseModelSha256: realModel?.sha256 ?? '',
      vocabulary,
      contextTokens: 512,
      concurrency: 16,
      maxWaiting: 64,
      patienceMs: PATIENCE_MS,
      reconcileMs: 2_000,
      circuitMs: 100,
      startMs: 60_000,
      scores,
      seenByServers: (folder) => folder,
      onChange: () => undefined,
    });
  };

  languageBackendContract(name, open);
  if (!takesAdapters) return;

  it(
    'takes policies in and out while lists are written under them',
    async () => {
      const backend = await open();
      const load = (task: string): Promise<PolicyModel> =>
        backend.load({ taskId: task, version: 'v1', folder: policyFolder(task), baseModelSha256: backend.baseModelSha256 });
      const line = queryLine(contractTask, 'rice', new Set());
      const inputs = { query: 'how to freeze rice', response: '', history: [], cooccurrence: [], sideInformation: {} };
      const prompt = renderPrompt(contractTask, inputs, 2, backend.tokenizer);
      const write = async (model: PolicyModel, seed: number): Promise<string[]> => {
        const session = await model.lend(prompt, unlimited);
        const order = { given: [], decoding: contractTask.decoding, seed: BigInt(seed), ends: true, lines: [line, line] };
        const written: string[] = [];
        for await (const { text } of session.write(order)) written.push(text);
        session.release();
        return written;
      };
      const suggestion = await load('suggestion');
      const first = Array.from({ length: 4 }, (_, seed) => write(suggestion, seed));
      const hint = await load('hint');
      const second = Array.from({ length: 4 }, (_, seed) => write(hint, seed));
      expect(await backend.listAdapters()).toEqual(['hint/v1', 'suggestion/v1']);
      const lists = await Promise.all([...first, ...second]);
      await suggestion.unload();
      expect(await backend.listAdapters()).toEqual(['hint/v1']);
      expect(lists.every((list) => list.length === 2)).toBe(true);
      expect(lists.flat().filter((text) => !obeys(text, asEnforced(line.rule, backend)))).toEqual([]);
      await backend.close();
    },
    PATIENCE_MS,
  );
}
