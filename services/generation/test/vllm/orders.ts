import { unlimited } from '@gqr/chassis/grpc/call';
import { setTimeout as pause } from 'node:timers/promises';
import { GrpcTextServer } from '../../src/adapters/vllm/grpc-text-server.js';
import type { VllmOptions } from '../../src/adapters/vllm/vllm-backend.js';
import type { DrawnLine, PolicyArtefact, PolicyModel, PromptSession, WriteOrder } from '../../src/domain/backend/language-backend.js';
import { auxiliaryLine, queryLine } from '../../src/domain/prompt/response-lines.js';
import { FakeVocabulary } from '../../src/domain/testing/fake-token-model.js';
import { contractTask } from '../language-backend.contract.js';

export const vocabulary = new FakeVocabulary();
export const prompt = { text: 'rice', tokens: vocabulary.encode('rice') };
export const query = queryLine(contractTask, 'rice', new Set());
export const guide = contractTask.auxiliaryTexts.map(auxiliaryLine);
export const order: Omit<WriteOrder, 'lines'> = { given: [], decoding: contractTask.decoding, seed: 11n, ends: true };
export const policy = (folder: string | undefined): PolicyArtefact => ({ taskId: 't', version: 'v1', folder, baseModelSha256: 'sha' });

export function options(addresses: readonly string[], changes: Partial<VllmOptions> = {}): VllmOptions {
  return {
    targets: addresses,
    connect: (address) => new GrpcTextServer(address),
    baseModelSha256: 'sha',
    vocabulary,
    contextTokens: 900,
    concurrency: 8,
    maxWaiting: 8,
    patienceMs: 2_000,
    reconcileMs: 50,
    circuitMs: 100,
    startMs: 20_000,
    scores: true,
    seenByServers: (folder) => folder,
    onChange: () => undefined,
    ...changes,
  };
}

export async function withSession<T>(model: PolicyModel, work: (session: PromptSession) => Promise<T>, limits = unlimited): Promise<T> {
  const session = await model.lend(prompt, limits);
  try {
    return await work(session);
  } finally {
    session.release();
  }
}

export async function all(lines: AsyncGenerator<DrawnLine, void>): Promise<string[]> {
  const drawn: string[] = [];
  for await (const line of lines) drawn.push(line.text);
  return drawn;
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20);
}
