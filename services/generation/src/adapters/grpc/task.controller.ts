import type { MessageInitShape } from '@bufbuild/protobuf';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { limitsOf, type ServerCall } from '@gqr/chassis/grpc/call';
import type {
  CheckTaskRequest,
  CheckTaskResponseSchema,
  ListTasksResponseSchema,
  PreviewTaskRequest,
  PreviewTaskResponseSchema,
  TaskSource,
  TryTaskRequest,
  TryTaskResponseSchema,
} from '@gqr/protos/gqr/generation/v1/generation';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { GenerateList } from '../../domain/generate/generate-list.js';
import { regexOf } from '../../domain/grammar/response-grammar.js';
import { PolicySet } from '../../domain/policies/policy-set.js';
import { renderPrompt } from '../../domain/prompt/render-prompt.js';
import { auxiliaryLine, queryLine } from '../../domain/prompt/response-lines.js';
import { tokensNeeded } from '../../domain/tasks/fits.js';
import { TASK_CATALOG, type Task, type TaskCatalog } from '../../domain/tasks/task.js';
import { type TaskFault, TaskFileError } from '../../domain/tasks/task-fault.js';
import { parseTask } from '../yaml/parse-task.js';
import { parsePrompts } from './parse-instance.js';
import { parseGenerate } from './parse-request.js';
import { toGenerateResponse, toTaskDefinition } from './to-message.js';

const SERVICE = 'GenerationService';
const MAX_FILE = 100_000;

/** Tasks and their making: which there are, and what a task file would do. */
@Controller()
export class TaskController {
  constructor(
    @Inject(TASK_CATALOG) private readonly tasks: TaskCatalog,
    @Inject(PolicySet) private readonly policies: PolicySet,
    @Inject(GenerateList) private readonly generateList: GenerateList,
  ) {}

  @GrpcMethod(SERVICE, 'ListTasks')
  listTasks(): MessageInitShape<typeof ListTasksResponseSchema> {
    return { tasks: this.tasks.list().map((task) => toTaskDefinition(task, this.policies.servingVersion(task))) };
  }

  @GrpcMethod(SERVICE, 'CheckTask')
  checkTask({ source }: CheckTaskRequest): MessageInitShape<typeof CheckTaskResponseSchema> {
    try {
      const task = this.read(source);
      return { faults: [], task: toTaskDefinition(task, this.policies.servingVersion(task)) };
    } catch (error) {
      if (!(error instanceof TaskFileError)) throw error;
      return { faults: [...error.faults].sort((a, b) => a.line - b.line) };
    }
  }

  @GrpcMethod(SERVICE, 'PreviewTask')
  previewTask({ task: which, instance }: PreviewTaskRequest): MessageInitShape<typeof PreviewTaskResponseSchema> {
    const task = which.case === 'taskId' ? this.tasks.get(which.value) : this.readOrRefuse(which.value);
    if (instance === undefined) throw new InvalidRequestError([{ field: 'instance', description: 'must be set' }]);
    const [order] = parsePrompts(task, [instance]);
    if (order === undefined) throw new Error('an instance was parsed to nothing');
    const prompt = renderPrompt(task, order.inputs, order.count, this.policies.tokenizer);
    const queries = Array.from({ length: order.count }, () => queryLine(task, order.inputs.query, new Set()));
    return {
      prompt: prompt.text,
      promptTokens: prompt.tokens.length,
      sections: prompt.sections.map(({ section, text, tokens, shortened }) => {
        return { name: section.name, label: section.label, text, tokens, maxTokens: section.tokens, shortened };
      }),
      budgetTokens: task.budget.tokens,
      responsePattern: regexOf([...task.auxiliaryTexts.map(auxiliaryLine), ...queries], true),
      promptVersion: task.promptVersion,
    };
  }

  @GrpcMethod(SERVICE, 'TryTask')
  async tryTask(
    { source, request }: TryTaskRequest,
    _: unknown,
    call: ServerCall,
  ): Promise<MessageInitShape<typeof TryTaskResponseSchema>> {
    const task = this.readOrRefuse(source);
    if (request === undefined) throw new InvalidRequestError([{ field: 'request', description: 'must be set' }]);
    const list = await this.generateList.generate(parseGenerate(task, request), limitsOf(call));
    return { list: toGenerateResponse(list, request.includePrompt) };
  }

  private readOrRefuse(source: TaskSource | undefined): Task {
    try {
      return this.read(source);
    } catch (error) {
      if (!(error instanceof TaskFileError)) throw error;
      throw new InvalidRequestError(error.faults.map((fault) => ({ field: `source.text: ${fault.field}`, description: textOf(fault) })));
    }
  }

  /** @throws TaskFileError, InvalidRequestError when there is no file */
  private read(source: TaskSource | undefined): Task {
    const { text = '', file = '' } = source ?? {};
    if (text === '') throw new InvalidRequestError([{ field: 'source.text', description: 'must be the content of a task file' }]);
    if (text.length > MAX_FILE)
      throw new InvalidRequestError([{ field: 'source.text', description: 'must have 100,000 characters at most' }]);
    const task = parseTask(text, file);
    const needed = tokensNeeded(task, this.policies.tokenizer);
    const { contextTokens } = this.policies.capabilities;
    const whole = (field: string, description: string): TaskFileError => new TaskFileError([{ file, line: 1, field, description }]);
    if (needed > contextTokens) {
      const remedy = 'lower budget.tokens, count.max or query.max_characters, or raise GQR_GENERATION_CONTEXT_TOKENS';
      throw whole(
        'budget.tokens',
        `prompt and list take up to ${String(needed)} tokens, but ${String(contextTokens)} are there; ${remedy}`,
      );
    }
    const lender = this.tasks.list().find(({ id }) => id === task.policyOf);
    if (task.policyOf !== undefined && lender?.policyOf !== undefined)
      throw whole('policy_of', `${task.policyOf} has no policy of its own either; name ${lender.policyOf}`);
    if (task.policyOf !== undefined && lender === undefined) {
      const known = this.tasks.list().map(({ id }) => id);
      throw whole('policy_of', `there is no task ${task.policyOf}; name one of: ${known.join(', ')}`);
    }
    return task;
  }
}

function textOf({ file, line, description }: TaskFault): string {
  return `${file}:${String(line)}: ${description}`;
}
