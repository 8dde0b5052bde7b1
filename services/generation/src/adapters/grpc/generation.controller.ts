import type { MessageInitShape } from '@bufbuild/protobuf';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { limitsOf, type ServerCall } from '@gqr/chassis/grpc/call';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import type {
  GenerateRequest,
  GenerateResponseSchema,
  ListPoliciesResponseSchema,
  LoadPolicyRequest,
  LoadPolicyResponseSchema,
  ProposeNextRequest,
  ProposeNextResponseSchema,
  RenderPromptsRequest,
  RenderPromptsResponseSchema,
  ScoreResponseRequest,
  ScoreResponseResponseSchema,
  StreamGenerateRequest,
  StreamGenerateResponseSchema,
  UnloadPolicyRequest,
} from '@gqr/protos/gqr/generation/v1/generation';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { type GeneratedList, GenerateList } from '../../domain/generate/generate-list.js';
import { ProposeNext } from '../../domain/generate/propose-next.js';
import { RenderPrompts } from '../../domain/generate/render-prompts.js';
import { ScoreResponse } from '../../domain/generate/score-response.js';
import { PolicySet } from '../../domain/policies/policy-set.js';
import { TASK_CATALOG, type TaskCatalog } from '../../domain/tasks/task.js';
import { parsePrompts } from './parse-instance.js';
import { parseGenerate, parsePropose, parseScore } from './parse-request.js';
import { policyId, toGenerateResponse, toPolicy, toStreamEvent } from './to-message.js';

const SERVICE = 'GenerationService';

function note(list: GeneratedList): void {
  noteRpc({
    policy: list.policyVersion,
    queries: list.queries.length,
    prompt_tokens: list.usage.promptTokens,
    cached_prompt_tokens: list.usage.cachedPromptTokens,
    completion_tokens: list.usage.completionTokens,
    redraws: list.usage.redraws,
    pooled: list.poolSize > 0,
  });
}

@Controller()
export class GenerationController {
  constructor(
    @Inject(TASK_CATALOG) private readonly tasks: TaskCatalog,
    @Inject(PolicySet) private readonly policies: PolicySet,
    @Inject(GenerateList) private readonly generateList: GenerateList,
    @Inject(ProposeNext) private readonly proposals: ProposeNext,
    @Inject(ScoreResponse) private readonly scores: ScoreResponse,
    @Inject(RenderPrompts) private readonly prompts: RenderPrompts,
  ) {}

  @GrpcMethod(SERVICE, 'Generate')
  async generate(request: GenerateRequest, _: unknown, call: ServerCall): Promise<MessageInitShape<typeof GenerateResponseSchema>> {
    const task = this.tasks.get(request.taskId);
    const list = await this.generateList.generate(parseGenerate(task, request), limitsOf(call));
    note(list);
    return toGenerateResponse(list, request.includePrompt);
  }

  @GrpcMethod(SERVICE, 'StreamGenerate')
  streamGenerate(
    message: StreamGenerateRequest,
    _: unknown,
    call: ServerCall,
  ): Observable<MessageInitShape<typeof StreamGenerateResponseSchema>> {
    const { request } = message;
    if (request === undefined) throw new InvalidRequestError([{ field: 'request', description: 'must be set' }]);
    const task = this.tasks.get(request.taskId);
    const events = this.generateList.stream(parseGenerate(task, request), limitsOf(call));
    return from(
      (async function* () {
        for await (const event of events) {
          if (event.kind === 'list') note(event.list);
          yield toStreamEvent(event, request.includePrompt);
        }
      })(),
    );
  }

  @GrpcMethod(SERVICE, 'ProposeNext')
  async proposeNext(
    request: ProposeNextRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof ProposeNextResponseSchema>> {
    const task = this.tasks.get(request.taskId);
    const proposal = await this.proposals.propose(parsePropose(task, request), limitsOf(call));
    const { candidates, auxiliaryTexts, usage } = proposal;
    noteRpc({ policy: proposal.policyVersion, candidates: candidates.length, completion_tokens: usage.completionTokens });
    return {
      candidates: candidates.map(({ text, logProbability }) => ({ text, logProbability })),
      auxiliaryTexts: { ...auxiliaryTexts },
      policy: policyId(proposal),
      usage: { ...usage },
    };
  }

  @GrpcMethod(SERVICE, 'ScoreResponse')
  async scoreResponse(
    request: ScoreResponseRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof ScoreResponseResponseSchema>> {
    const task = this.tasks.get(request.taskId);
    const score = await this.scores.score(parseScore(task, request), limitsOf(call));
    return {
      logProbability: score.logProbability,
      queryLogProbabilities: [...score.queryLogProbabilities],
      auxiliaryLogProbabilities: { ...score.auxiliaryLogProbabilities },
      tokens: score.tokens,
      policy: policyId(score),
    };
  }

  @GrpcMethod(SERVICE, 'RenderPrompts')
  renderPrompts(request: RenderPromptsRequest): MessageInitShape<typeof RenderPromptsResponseSchema> {
    const task = this.tasks.get(request.taskId);
    const prompts = this.prompts.render(task, parsePrompts(task, request.instances));
    return { prompts, promptVersion: task.promptVersion };
  }

  @GrpcMethod(SERVICE, 'LoadPolicy')
  async loadPolicy(request: LoadPolicyRequest): Promise<MessageInitShape<typeof LoadPolicyResponseSchema>> {
    const task = this.tasks.get(request.taskId);
    if (request.policyVersion === '') throw new InvalidRequestError([{ field: 'policy_version', description: 'must be set' }]);
    const policy = await this.policies.load(task.id, request.policyVersion, request.serve);
    noteRpc({ policy: request.policyVersion, serve: request.serve });
    return { policy: toPolicy(policy, this.policies.servingVersion(task) === request.policyVersion, this.policies.backendName) };
  }

  @GrpcMethod(SERVICE, 'UnloadPolicy')
  unloadPolicy(request: UnloadPolicyRequest): object {
    this.policies.unload(this.tasks.get(request.taskId).id, request.policyVersion);
    return {};
  }

  @GrpcMethod(SERVICE, 'ListPolicies')
  listPolicies(): MessageInitShape<typeof ListPoliciesResponseSchema> {
    return { policies: this.policies.list().map((policy) => toPolicy(policy, policy.serving, this.policies.backendName)) };
  }
}
