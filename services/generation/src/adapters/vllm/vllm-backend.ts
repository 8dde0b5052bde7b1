import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Turnstile } from '@gqr/chassis/concurrency/turnstile';
import { type CallLimits, unlimited } from '@gqr/chassis/grpc/call';
import type {
  BackendCapabilities,
  BackendHealth,
  LanguageBackend,
  PolicyArtefact,
  PolicyModel,
  PromptSession,
} from '../../domain/backend/language-backend.js';
import type { Vocabulary } from '../../domain/decode/token-model.js';
import { BackendUnavailableError, UnusablePolicyError } from '../../domain/errors.js';
import type { RenderedPrompt } from '../../domain/prompt/render-prompt.js';
import { Fleet, type FleetOptions } from './fleet.js';
import type { TextServer } from './text-server.js';
import { VllmSession } from './vllm-session.js';

/** Adapter in PEFT's format within a policy's folder. */
const ADAPTER = 'peft';
/** Older ones manage no adapters over gRPC. 0.32.0 itself fails to load them; its engine does not, behind the frontend of 0.33. */
const LEAST_VERSION = [0, 32] as const;
const DNS = 'dns:///';
/** The first request after a start, and the first with a grammar, take seconds; nobody should wait for them. */
const WARM_UP = { decoding: { temperature: 0, topP: 1, minP: 0, repetitionPenalty: 1, diversity: 0 }, seed: 0n, regex: 'a', maxTokens: 2 };

export interface VllmOptions {
  /** host:port or URL of each replica; "dns:///name:port" stands for all addresses that the name has at the moment. */
  readonly targets: readonly string[];
  readonly connect: (address: string) => TextServer;
  readonly baseModelSha256: string;
  readonly vocabulary: Vocabulary;
  /** Most tokens of a prompt and its response; a server that takes fewer lowers it. */
  readonly contextTokens: number;
  /** Calls that work on a prompt at the same time, over all policies and replicas. */
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly patienceMs: number;
  readonly reconcileMs: number;
  readonly circuitMs: number;
  /** How long a start waits for the first replica to be ready. */
  readonly startMs: number;
  /** Whether the servers may be asked to score prompts: the engine of vLLM 0.32 dies of it on a CPU with LoRA. */
  readonly scores: boolean;
  /** A policy's folder as the servers see it. */
  readonly seenByServers: (folder: string) => string;
  readonly onChange: FleetOptions['onChange'];
}

/** Runs policies on vLLM, or on servers that speak as it does. */
export class VllmBackend implements LanguageBackend {
  readonly name = NAME;
  private readonly turnstile: Turnstile;

  private constructor(
    private readonly fleet: Fleet,
    private readonly options: VllmOptions,
    readonly capabilities: BackendCapabilities,
  ) {
    const { concurrency, maxWaiting } = options;
    this.turnstile = new Turnstile({ name: 'the language model', capacity: concurrency, maxWaiting, retryAfterMs: 1_000 });
  }

  /** Waits for a replica that is ready. @throws Error when none is in time, or one is too old */
  static async open(options: VllmOptions): Promise<VllmBackend> {
    const { connect, patienceMs, reconcileMs, circuitMs, onChange, targets } = options;
    const fleet = new Fleet({
      name: NAME,
      addresses: () => resolve(targets),
      connect,
      patienceMs,
      reconcileMs,
      circuitMs,
      now: () => performance.now(),
      onChange,
    });
    await fleet.open();
    const until = performance.now() + options.startMs;
    while (fleet.trouble !== undefined && performance.now() < until) {
      await pause(Math.min(reconcileMs, 1_000));
      await fleet.reconcile();
    }
    const { facts, trouble } = fleet;
    try {
      if (trouble !== undefined) throw new Error(`no language model server is ready: ${trouble}`);
      for (const { version } of facts) requireVersion(version);
    } catch (error) {
      await fleet.close();
      throw error;
    }
    const contextTokens = Math.min(options.contextTokens, ...facts.map((each) => each.contextTokens).filter((tokens) => tokens > 0));
    return new VllmBackend(fleet, options, {
      contextTokens,
      enforcesExclusions: false,
      knowsPropensities: false,
      scores: options.scores,
      diverseBeams: false,
    });
  }

  get baseModelSha256(): string {
    return this.options.baseModelSha256;
  }

  get tokenizer(): Vocabulary {
    return this.options.vocabulary;
  }

  /** Callers who wait for their turn. */
  get waiting(): number {
    return this.turnstile.waiting;
  }

  async load({ taskId, version, folder }: PolicyArtefact): Promise<PolicyModel> {
    const adapter = folder === undefined ? '' : `${taskId}/${version}`;
    if (folder !== undefined) await this.fleet.load(adapter, this.options.seenByServers(join(folder, ADAPTER)));
    await this.warmUp(adapter);
    return {
      lend: (prompt, limits) => this.lend(adapter, prompt, limits),
      unload: () => (adapter === '' ? Promise.resolve() : this.fleet.unload(adapter)),
    };
  }

  listAdapters(): Promise<readonly string[]> {
    return this.fleet.listAdapters();
  }

  async health(): Promise<BackendHealth> {
    await this.fleet.reconcile();
    const { trouble } = this.fleet;
    return trouble === undefined ? { ready: true } : { ready: false, reason: trouble };
  }

  close(): Promise<void> {
    return this.fleet.close();
  }

  private async lend(adapter: string, prompt: RenderedPrompt, limits: CallLimits): Promise<PromptSession> {
    const arrivedAt = performance.now();
    const leave = await this.turnstile.enter(limits);
    const { vocabulary } = this.options;
    const { contextTokens, scores } = this.capabilities;
    const waitedMs = performance.now() - arrivedAt;
    return new VllmSession({ name: NAME, fleet: this.fleet, vocabulary, contextTokens, scores, adapter }, prompt, limits, waitedMs, leave);
  }

  private async warmUp(adapter: string): Promise<void> {
    const prompt = this.options.vocabulary.encode('warm up');
    try {
      for await (const piece of this.fleet.write({ ...WARM_UP, prompt, adapter }, unlimited)) if (piece.end !== undefined) break;
    } catch (error) {
      if (error instanceof BackendUnavailableError || adapter === '') throw error;
      await this.fleet.unload(adapter);
      throw new UnusablePolicyError(`${adapter} cannot write: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const NAME = 'vllm';

/** A version that does not begin with two numbers is taken as it is: builds from source have such. */
function requireVersion(version: string): void {
  const [major, minor] = /^v?(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  if (major === undefined || minor === undefined || version.startsWith('0.1.dev')) return;
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Error(`vLLM ${version} cannot load adapters while it runs; use 0.33 or newer`);
}

async function resolve(targets: readonly string[]): Promise<string[]> {
  const addresses = await Promise.all(
    targets.map(async (target) => {
      if (!target.startsWith(DNS)) return [target];
      const [host = '', port = ''] = target.slice(DNS.length).split(':');
      const found = await lookup(host, { all: true });
      return found.map(({ address, family }) => (family === 6 ? `[${address}]:${port}` : `${address}:${port}`));
    }),
  );
  return [...new Set(addresses.flat())];
}
