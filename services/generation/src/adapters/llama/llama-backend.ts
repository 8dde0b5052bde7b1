import { Turnstile } from '@gqr/chassis/concurrency/turnstile';
import { type CallLimits, unlimited } from '@gqr/chassis/grpc/call';
import { getLlama, type Llama, type LlamaContext, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type {
  BackendCapabilities,
  BackendHealth,
  LanguageBackend,
  PolicyArtefact,
  PolicyModel,
} from '../../domain/backend/language-backend.js';
import type { LentSequence, TokenModel } from '../../domain/decode/token-model.js';
import { TokenPolicy } from '../../domain/decode/token-policy.js';
import { UnusablePolicyError } from '../../domain/errors.js';
import { Lane, LlamaSequence } from './llama-sequence.js';
import { LlamaVocabulary } from './llama-vocabulary.js';

/** Adapter for llama.cpp within a policy's folder. */
const ADAPTER = 'adapter.gguf';

export interface LlamaOptions {
  readonly modelPath: string;
  readonly modelSha256: string;
  /** Threads of one evaluation. One is best where other processes share the cores: llama.cpp's barriers collapse. */
  readonly threads: number;
  /** Lists that are written at the same time, over all policies. */
  readonly concurrency: number;
  /** Callers who wait for their turn; more are sent away. */
  readonly maxWaiting: number;
  /** Tokens of a prompt and its response. */
  readonly contextTokens: number;
  readonly gpu: boolean;
}

/** Runs policies by llama.cpp: one base model, and a context with its LoRA adapter for each policy. */
export class LlamaBackend implements LanguageBackend {
  readonly name = 'llama.cpp';
  readonly capabilities: BackendCapabilities;
  private readonly turnstile: Turnstile;
  private readonly adapters = new Set<string>();

  private constructor(
    private readonly llama: Llama,
    private readonly model: LlamaModel,
    readonly tokenizer: LlamaVocabulary,
    private readonly options: LlamaOptions,
  ) {
    const { concurrency, maxWaiting, contextTokens } = options;
    this.capabilities = { contextTokens, enforcesExclusions: true, knowsPropensities: true, scores: true, diverseBeams: true };
    this.turnstile = new Turnstile({ name: 'the language model', capacity: concurrency, maxWaiting, retryAfterMs: 1_000 });
  }

  /** Loads the base model; its evaluations run on threads of their own, off the event loop. */
  static async load(options: LlamaOptions): Promise<LlamaBackend> {
    const llama = await getLlama({
      gpu: options.gpu ? 'auto' : false,
      build: 'never',
      skipDownload: true,
      maxThreads: 0,
      logLevel: LlamaLogLevel.error,
    });
    const model = await llama.loadModel({ modelPath: options.modelPath, useMmap: true });
    return new LlamaBackend(llama, model, new LlamaVocabulary(model), options);
  }

  get baseModelSha256(): string {
    return this.options.modelSha256;
  }

  /** Callers who wait for their turn. */
  get waiting(): number {
    return this.turnstile.waiting;
  }

  async load({ taskId, version, folder }: PolicyArtefact): Promise<PolicyModel> {
    const { contextTokens, concurrency, threads } = this.options;
    const lora = folder === undefined ? undefined : join(folder, ADAPTER);
    if (lora !== undefined && !existsSync(lora))
      throw new UnusablePolicyError(`policy ${version} of ${taskId} has no ${ADAPTER}; export it for llama.cpp`);
    const context = await this.model.createContext({
      contextSize: contextTokens,
      sequences: concurrency,
      threads,
      ...(lora !== undefined && { lora }),
    });
    const adapter = lora === undefined ? undefined : `${taskId}/${version}`;
    if (adapter !== undefined) this.adapters.add(adapter);
    const model = new LlamaPolicy(context, this.tokenizer, this.turnstile, concurrency, () => {
      if (adapter !== undefined) this.adapters.delete(adapter);
    });
    await model.warmUp();
    return new TokenPolicy(model);
  }

  listAdapters(): Promise<readonly string[]> {
    return Promise.resolve([...this.adapters]);
  }

  health(): Promise<BackendHealth> {
    return Promise.resolve({ ready: true }); // it runs in this process
  }

  async close(): Promise<void> {
    await this.model.dispose();
    await this.llama.dispose();
  }
}

/** A policy in a context of its own. */
class LlamaPolicy implements TokenModel {
  private readonly lanes: readonly Lane[];

  constructor(
    private readonly context: LlamaContext,
    readonly vocabulary: LlamaVocabulary,
    private readonly turnstile: Turnstile,
    lanes: number,
    private readonly onClose: () => void,
  ) {
    this.lanes = Array.from({ length: lanes }, () => new Lane(context.getSequence()));
  }

  async lend(prompt: readonly number[], limits: CallLimits): Promise<LentSequence> {
    const arrivedAt = performance.now();
    const leave = await this.turnstile.enter(limits);
    const lane = this.freeLane(prompt);
    lane.free = false;
    const release = (): void => {
      lane.free = true;
      leave();
    };
    const sequence = new LlamaSequence(lane.sequence, limits, performance.now() - arrivedAt, release);
    try {
      await sequence.begin(prompt, lane.commonPrefix(prompt));
    } catch (error) {
      release();
      throw error;
    }
    return sequence;
  }

  /** The first evaluation is slow; nobody should wait for it. */
  async warmUp(): Promise<void> {
    const sequence = await this.lend(this.vocabulary.encode('warm up'), unlimited);
    sequence.release();
  }

  async close(): Promise<void> {
    this.onClose();
    await this.context.dispose();
  }

  /** The free lane that remembers most of the prompt. The turnstile lets in no more callers than there are lanes. */
  private freeLane(prompt: readonly number[]): Lane {
    const [best] = this.lanes
      .filter(({ free }) => free)
      .map((lane) => ({ lane, common: lane.commonPrefix(prompt) }))
      .sort((a, b) => b.common - a.common);
    if (best === undefined) throw new Error('no lane is free');
    return best.lane;
  }
}
