import type { CallLimits } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import type { CandidateLine, CandidateSearch, PromptSession } from '../backend/language-backend.js';
import type { Random } from '../decode/draw.js';
import { drawSeed, seededRandom } from '../decode/seeded-random.js';
import { UnsupportedByBackendError } from '../errors.js';
import { obeys } from '../grammar/line-rule.js';
import type { LoadedPolicy, PolicySet } from '../policies/policy-set.js';
import type { PromptInputs } from '../prompt/budget.js';
import { renderPrompt } from '../prompt/render-prompt.js';
import { queryLine, responseLines } from '../prompt/response-lines.js';
import { mustNotBeShown } from '../quality/fault.js';
import type { FaultOf, ListCritic } from '../quality/list-critic.js';
import type { Decoding, Task } from '../tasks/task.js';
import type { Usage } from './generate-list.js';
import { ListWriter, type WritingCost } from './write-list.js';

/** Where a list stands and what is wanted next. */
export interface ProposeOrder {
  readonly task: Task;
  readonly inputs: PromptInputs;
  readonly count: number | undefined;
  /** Auxiliary texts in force; empty to have the policy write them. */
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  /** q_1..q_{k-1}. */
  readonly chosen: readonly string[];
  readonly candidates: number;
  readonly search: CandidateSearch;
  readonly policyVersion: string;
  readonly decoding: Partial<Decoding>;
  readonly seed: bigint;
}

export interface Proposal {
  readonly candidates: readonly { readonly text: string; readonly logProbability: number }[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly policyTaskId: string;
  readonly policyVersion: string;
  readonly usage: Usage;
}

/** Times that candidates are looked for again, where some must not be used. */
const MAX_ROUNDS = 3;

/** Proposes candidates for q_k after q_1..q_{k-1}: the expansion step of Algorithm 1 (paper section 3.2.2). */
export class ProposeNext {
  constructor(
    private readonly policies: PolicySet,
    private readonly critic: ListCritic,
  ) {}

  /** @throws UnknownPolicyError, OverloadedError, CallEndedError, UnsupportedByBackendError */
  async propose(order: ProposeOrder, limits: CallLimits): Promise<Proposal> {
    const { scores, diverseBeams } = this.policies.capabilities;
    if (!scores) throw new UnsupportedByBackendError(this.policies.backendName, 'give log-probabilities');
    if (order.search.kind === 'diverse-beam' && !diverseBeams)
      throw new UnsupportedByBackendError(this.policies.backendName, 'search by diverse beams');
    return this.policies.use(order.task, order.policyVersion, (policy) => this.proposeWith(policy, order, limits));
  }

  private async proposeWith(policy: LoadedPolicy, order: ProposeOrder, limits: CallLimits): Promise<Proposal> {
    const { task } = order;
    const decoding = { ...task.decoding, ...order.decoding };
    const random = seededRandom(order.seed);
    const prompt = renderPrompt(task, order.inputs, order.count ?? task.count.default, this.policies.tokenizer);
    const session = await policy.model.lend(prompt, limits);
    try {
      const cost = { tokens: 0, redraws: 0 };
      const faultOf = this.critic.for(task, order.inputs, []);
      let { auxiliaryTexts } = order;
      if (task.auxiliaryTexts.length > 0 && Object.keys(auxiliaryTexts).length === 0) {
        const written: Record<string, string> = {};
        const heading = new ListWriter(
          { task, count: 0, userQuery: order.inputs.query, excluded: new Set(), decoding, random, faultOf },
          session,
        );
        for await (const piece of heading.write()) if (piece.kind === 'auxiliary') written[piece.name] = piece.text;
        auxiliaryTexts = written;
        cost.tokens += heading.cost.tokens;
      }
      const candidates = await expand(session, { ...order, auxiliaryTexts }, { decoding, random, faultOf, cost });
      const usage = {
        promptTokens: prompt.tokens.length,
        cachedPromptTokens: session.cachedTokens,
        completionTokens: cost.tokens,
        redraws: cost.redraws,
      };
      const { taskId, version } = policy.artefact;
      return { candidates, auxiliaryTexts, policyTaskId: taskId, policyVersion: version, usage };
    } finally {
      session.release();
    }
  }
}

/** What the search for candidates needs beside the order. */
interface Expansion {
  readonly decoding: Decoding;
  readonly random: Random;
  readonly faultOf: FaultOf;
  readonly cost: WritingCost;
}

/** Candidates that may be used; those that only repeat what is known, or are in another language, where there are no others. */
async function expand(session: PromptSession, order: ProposeOrder, expansion: Expansion): Promise<Proposal['candidates']> {
  const { task } = order;
  const { decoding, random, faultOf, cost } = expansion;
  const given = responseLines(task, order.auxiliaryTexts, order.chosen);
  const ends = order.chosen.length + 1 === (order.count ?? task.count.default);
  const known = new Set([order.inputs.query, ...order.inputs.history, ...order.chosen].map(normalise));
  const good: CandidateLine[] = [];
  const tolerable: CandidateLine[] = [];
  for (let round = 0; round < MAX_ROUNDS && good.length < order.candidates; round++) {
    const line = queryLine(task, order.inputs.query, new Set(known));
    const candidates = order.candidates - good.length;
    const proposed = await session.propose({ given, line, candidates, search: order.search, decoding, seed: drawSeed(random), ends });
    if (proposed.length === 0) break;
    for (const candidate of proposed) {
      cost.tokens += candidate.tokens;
      const key = normalise(candidate.text);
      if (!obeys(candidate.text, line.rule) || known.has(key)) {
        cost.redraws++;
        continue;
      }
      known.add(key);
      const fault = faultOf(candidate.text, 'query', order.chosen);
      if (fault === undefined) good.push(candidate);
      else cost.redraws++;
      if (fault !== undefined && !mustNotBeShown(fault)) tolerable.push(candidate);
    }
  }
  return (good.length > 0 ? good : tolerable)
    .map(({ text, logProbability }) => ({ text, logProbability }))
    .sort((a, b) => b.logProbability - a.logProbability);
}
