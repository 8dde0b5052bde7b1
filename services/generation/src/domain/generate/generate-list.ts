import { createHash } from 'node:crypto';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import type { PromptSession } from '../backend/language-backend.js';
import type { Random } from '../decode/draw.js';
import { seededRandom } from '../decode/seeded-random.js';
import type { LoadedPolicy, PolicySet } from '../policies/policy-set.js';
import type { ListPool, PoolDraw } from '../pool/list-pool.js';
import type { PromptInputs } from '../prompt/budget.js';
import { promptVersionOf, type PromptWithExamples, putExamplesBefore, renderPrompt, type WorkedExample } from '../prompt/render-prompt.js';
import type { Fault } from '../quality/fault.js';
import type { ListCritic } from '../quality/list-critic.js';
import { tokensOfList } from '../tasks/fits.js';
import type { Decoding, Task } from '../tasks/task.js';
import { type ListPiece, ListWriter } from './write-list.js';

/** Where equal requests share lists. */
export interface PoolOptions {
  /** Lists kept for a key; 0 or 1 writes a new list for every call. */
  readonly size: number;
  /** What makes two requests equal: the whole prompt, or the query and the response alone. */
  readonly key: 'prompt' | 'query';
}

/** What is wanted. */
export interface GenerateOrder {
  readonly task: Task;
  readonly inputs: PromptInputs;
  /** Stand before the prompt as far as they fit into the context. */
  readonly examples: readonly WorkedExample[];
  /** Undefined for the task's own number. */
  readonly count: number | undefined;
  /** Empty for the policy that serves. */
  readonly policyVersion: string;
  readonly decoding: Partial<Decoding>;
  readonly seed: bigint;
  /** Queries that the list must not repeat, beside the current one and the history. */
  readonly excluded: readonly string[];
  readonly pool: PoolOptions;
}

export interface GeneratedQuery {
  readonly text: string;
  /** Natural logarithm of the probability of its draw, given what stands before it; undefined when unknown. */
  readonly logPropensity: number | undefined;
}

/** What a call cost. */
export interface Usage {
  readonly promptTokens: number;
  /** Of these, tokens whose evaluation was reused. */
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly redraws: number;
}

/** A list, and how it came about. */
export interface GeneratedList {
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly GeneratedQuery[];
  /** Of the whole list, auxiliary texts included: the sum of its parts; undefined when one of them is unknown. */
  readonly logPropensity: number | undefined;
  /** Task of the policy that wrote it, which may be lent by another task, and its version. */
  readonly policyTaskId: string;
  readonly policyVersion: string;
  readonly promptVersion: string;
  readonly decoding: Decoding;
  readonly seed: bigint;
  /** Size of the pool from which the list was drawn; 0 when it was written for this call. */
  readonly poolSize: number;
  readonly usage: Usage;
  readonly timings: readonly { readonly phase: string; readonly durationMs: number }[];
  readonly prompt: string;
  /** Worked examples that the prompt has. */
  readonly promptExamples: number;
}

/** Who writes a list and how. */
export type ListOrigin = Pick<
  GeneratedList,
  'policyTaskId' | 'policyVersion' | 'promptVersion' | 'decoding' | 'seed' | 'prompt' | 'promptExamples'
>;

/** Where the list comes from, pieces as they are complete, and at last the whole list. */
export type GenerateEvent =
  ListPiece | { readonly kind: 'started'; readonly origin: ListOrigin } | { readonly kind: 'list'; readonly list: GeneratedList };

/** Told, once a list has come to its end, which lines were drawn again and which stand for want of better ones. */
export type OnJudged = (taskId: string, lines: { readonly refused: readonly Fault[]; readonly tolerated: readonly Fault[] }) => void;

/** What the steps of one call share. */
interface Call {
  readonly order: GenerateOrder;
  readonly count: number;
  readonly decoding: Decoding;
  readonly policy: LoadedPolicy;
  readonly prompt: PromptWithExamples;
  readonly random: Random;
}

/** Writes one list with a policy, or draws one of those that it wrote for an equal request. */
export class GenerateList {
  constructor(
    private readonly policies: PolicySet,
    private readonly pool: ListPool,
    private readonly critic: ListCritic,
    private readonly onJudged: OnJudged = () => undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws UnknownPolicyError, OverloadedError, CallEndedError, ListIncompleteError */
  stream(order: GenerateOrder, limits: CallLimits): AsyncGenerator<GenerateEvent, void> {
    return this.policies.stream(order.task, order.policyVersion, (policy) => this.streamWith(policy, order, limits));
  }

  /** As `stream`, without the pieces. */
  async generate(order: GenerateOrder, limits: CallLimits): Promise<GeneratedList> {
    for await (const event of this.stream(order, limits)) if (event.kind === 'list') return event.list;
    throw new Error('the stream ended without a list');
  }

  private async *streamWith(policy: LoadedPolicy, order: GenerateOrder, limits: CallLimits): AsyncGenerator<GenerateEvent, void> {
    const { task } = order;
    const count = order.count ?? task.count.default;
    const call: Call = {
      order,
      count,
      decoding: { ...task.decoding, ...order.decoding },
      policy,
      prompt: this.render(order, count),
      random: seededRandom(order.seed),
    };
    yield { kind: 'started', origin: described(call) };
    const key = order.pool.size > 1 ? poolKey(call) : undefined;
    const drawn = key === undefined ? undefined : this.pool.draw(key, order.pool.size, call.random);
    if (drawn !== undefined) {
      yield* drawnEvents(call, drawn);
      return;
    }
    const session = await policy.model.lend(call.prompt, limits);
    try {
      for await (const event of this.write(call, session)) {
        if (event.kind === 'list' && key !== undefined) {
          const { auxiliaryTexts, queries } = event.list;
          this.pool.add(key, order.pool.size, { auxiliaryTexts, queries: queries.map(({ text }) => text) });
        }
        yield event;
      }
    } finally {
      session.release();
    }
  }

  /** The prompt, and before it what examples the context has room for once the response has its own. */
  private render({ task, inputs, examples }: GenerateOrder, count: number): PromptWithExamples {
    const { tokenizer, capabilities } = this.policies;
    const prompt = renderPrompt(task, inputs, count, tokenizer);
    const room = capabilities.contextTokens - prompt.tokens.length - tokensOfList(task, count);
    return putExamplesBefore(prompt, examples, task, room, tokenizer);
  }

  private async *write(call: Call, session: PromptSession): AsyncGenerator<GenerateEvent, void> {
    const { order, count, decoding, random, prompt } = call;
    const { task, inputs } = order;
    const excluded = new Set([inputs.query, ...inputs.history, ...order.excluded].map(normalise));
    const startedAt = this.now();
    const faultOf = this.critic.for(task, inputs, order.excluded);
    const writer = new ListWriter({ task, count, userQuery: inputs.query, excluded, decoding, random, faultOf }, session);
    const auxiliaryTexts: Record<string, string> = {};
    const queries: GeneratedQuery[] = [];
    let logPropensity: number | undefined = 0;
    try {
      for await (const piece of writer.write()) {
        if (piece.kind === 'auxiliary') auxiliaryTexts[piece.name] = piece.text;
        else queries.push({ text: piece.text, logPropensity: piece.logPropensity });
        logPropensity = plus(logPropensity, piece.logPropensity);
        yield piece;
      }
    } finally {
      this.onJudged(task.id, writer);
    }
    const timings = [
      { phase: 'queue', durationMs: session.waitedMs },
      { phase: 'prompt', durationMs: session.promptMs },
      { phase: 'decode', durationMs: this.now() - startedAt },
    ];
    const usage = {
      promptTokens: prompt.tokens.length,
      cachedPromptTokens: session.cachedTokens,
      completionTokens: writer.cost.tokens,
      redraws: writer.cost.redraws,
    };
    yield { kind: 'list', list: { ...described(call), auxiliaryTexts, queries, logPropensity, poolSize: 0, usage, timings } };
  }
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function described(call: Call): ListOrigin {
  return {
    policyTaskId: call.policy.artefact.taskId,
    policyVersion: call.policy.artefact.version,
    promptVersion: promptVersionOf(call.order.task, call.order.examples),
    decoding: call.decoding,
    seed: call.order.seed,
    prompt: call.prompt.text,
    promptExamples: call.prompt.examples,
  };
}

/** Requests of which one may be answered with a list that was written for the other. */
function poolKey({ order, count, decoding, policy, prompt }: Call): string {
  const same = order.pool.key === 'prompt' ? prompt.text : [normalise(order.inputs.query), order.inputs.response];
  const parts = [
    promptVersionOf(order.task, order.examples),
    policy.artefact.taskId,
    policy.artefact.version,
    count,
    decoding,
    order.pool.key,
    same,
    [...order.excluded].sort(),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function* drawnEvents(call: Call, drawn: PoolDraw): Generator<GenerateEvent, void> {
  const { list, logPropensities, poolSize } = drawn;
  // Auxiliary texts stand before the queries, and come with the first of them.
  for (const [name, text] of Object.entries(list.auxiliaryTexts)) yield { kind: 'auxiliary', name, text, logPropensity: undefined };
  const queries = list.queries.map((text, k) => ({ text, logPropensity: logPropensities[k] }));
  const logPropensity = logPropensities.reduce((sum, each) => sum + each, 0);
  for (const query of queries) yield { kind: 'query', ...query };
  const usage = { promptTokens: call.prompt.tokens.length, cachedPromptTokens: call.prompt.tokens.length, completionTokens: 0, redraws: 0 };
  yield {
    kind: 'list',
    list: { ...described(call), auxiliaryTexts: list.auxiliaryTexts, queries, logPropensity, poolSize, usage, timings: [] },
  };
}
