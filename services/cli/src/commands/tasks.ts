import type { MessageInitShape } from '@bufbuild/protobuf';
import { messageOf } from '@gqr/chassis/errors';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import {
  type GenerateRequestSchema,
  type GenerateResponse,
  GenerateResponseSchema,
  GenerationService,
  PreviewTaskResponseSchema,
  type PreviewTaskResponse,
  type TaskDefinition,
  TaskDefinitionSchema,
  TaskFaultSchema,
} from '@gqr/protos/gqr/generation/v1/generation';
import { fileText } from '../arguments.js';
import { type Action, type Context, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { documentOf } from '../terminal/document.js';
import { fields, table } from '../terminal/terminal.js';

type Generation = GrpcClient<typeof GenerationService>;

/** What the command line says of a task's inputs. */
export interface TaskInputs {
  readonly response?: string;
  readonly turn: readonly string[];
  readonly cooccurrence: readonly string[];
  readonly side: Readonly<Record<string, string>>;
  readonly count?: number;
}

export interface TryOptions extends TaskInputs {
  readonly lists: number;
  readonly temperature?: number;
  readonly diversity?: number;
  readonly seed?: number;
  readonly policy?: string;
}

/** A task as the command line names it: the id of one that the service has, or a file. */
function isFile(task: string): boolean {
  return /[./]/.test(task);
}

function sourceOf(file: string): { file: string; text: string } {
  try {
    return { file, text: fileText(file) };
  } catch (error) {
    throw new CliFailure(messageOf(error), 'Name a task file, or the id of a task, which has no "." and no "/".', ExitCode.WrongUsage);
  }
}

function contextOf(query: string, { response, turn, side }: TaskInputs) {
  const history = turn.map((text) => {
    const [asked = '', ...answer] = text.split('=>');
    return { query: asked.trim(), response: answer.join('=>').trim() };
  });
  return { query, response: response ?? '', history, sideInformation: { ...side } };
}

function describeTask(task: TaskDefinition): string {
  const lent = task.policyOf === '' ? '' : `, lent by ${task.policyOf} until it has one of its own`;
  return fields([
    ['task', task.taskId],
    ['', task.description],
    ['queries', `${String(task.defaultCount)}, at most ${String(task.maxCount)}${task.completes ? '; they complete what is typed' : ''}`],
    ['auxiliary', task.auxiliaryTexts.join(', ')],
    ['side inputs', task.sideInformation.join(', ')],
    ['policy', `${task.policyVersion}${lent}`],
    ['prompt', task.promptVersion],
  ]);
}

export function lintTasks(files: readonly string[]): Action {
  return (context) =>
    withService(context, 'generation', GenerationService, async (generation) => {
      const answers = [];
      for (const file of files) answers.push(await generation.checkTask({ source: sourceOf(file) }, inTime(context)));
      const faults = answers.flatMap((answer) => answer.faults);
      const tasks = answers.flatMap(({ task }) => (task === undefined ? [] : [task]));
      const lines = faults.map(({ file, line, field, description }) => {
        return `${file}:${String(line)}: ${field === '' ? '' : `${field}: `}${description}`;
      });
      const document = {
        faults: faults.map((fault) => documentOf(TaskFaultSchema, fault)),
        tasks: tasks.map((task) => documentOf(TaskDefinitionSchema, task)),
      };
      context.terminal.result(document, [lines.join('\n'), ...tasks.map(describeTask)].filter((text) => text !== '').join('\n\n'));
      return faults.length === 0 ? ExitCode.Done : ExitCode.WrongUsage;
    });
}

export function previewTask(task: string, query: string, inputs: TaskInputs): Action {
  return (context) =>
    withService(context, 'generation', GenerationService, async (generation) => {
      const preview = await generation.previewTask(
        {
          task: isFile(task) ? { case: 'source', value: sourceOf(task) } : { case: 'taskId', value: task },
          instance: { context: contextOf(query, inputs), cooccurrenceQueries: [...inputs.cooccurrence], count: inputs.count ?? 0 },
        },
        inTime(context),
      );
      context.terminal.result(documentOf(PreviewTaskResponseSchema, preview), describePreview(preview));
      return ExitCode.Done;
    });
}

function describePreview(preview: PreviewTaskResponse): string {
  const rows = preview.sections.map(({ label, tokens, maxTokens, shortened }) => [
    label,
    `${String(tokens)} of ${String(maxTokens)}`,
    shortened ? 'shortened' : '',
  ]);
  const facts = fields([
    ['tokens', `${String(preview.promptTokens)}; inputs may take ${String(preview.budgetTokens)}`],
    ['prompt', preview.promptVersion],
  ]);
  return `${preview.prompt.replace(/^/gm, '  | ')}\n\n${table(['SECTION', 'TOKENS', ''], rows)}\n\n${facts}`;
}

export function tryTask(task: string, query: string, options: TryOptions): Action {
  return (context) =>
    withService(context, 'generation', GenerationService, async (generation) => {
      const lists: GenerateResponse[] = [];
      for (let at = 0; at < options.lists; at++) lists.push(await writeList(generation, context, task, query, options, at));
      const document = { lists: lists.map((list) => documentOf(GenerateResponseSchema, list)) };
      context.terminal.result(document, lists.map(describeList).join('\n\n'));
      return ExitCode.Done;
    });
}

async function writeList(
  generation: Generation,
  context: Context,
  task: string,
  query: string,
  options: TryOptions,
  at: number,
): Promise<GenerateResponse> {
  const { temperature, diversity, seed } = options;
  const request: MessageInitShape<typeof GenerateRequestSchema> = {
    taskId: isFile(task) ? '' : task,
    context: contextOf(query, options),
    cooccurrenceQueries: [...options.cooccurrence],
    count: options.count ?? 0,
    policyVersion: options.policy ?? '',
    decoding: {
      ...(temperature !== undefined && { temperature }),
      ...(diversity !== undefined && { diversity }),
      ...(seed !== undefined && { seed: BigInt(seed + at) }),
    },
  };
  if (!isFile(task)) return generation.generate(request, inTime(context));
  const { list } = await generation.tryTask({ source: sourceOf(task), request }, inTime(context));
  if (list === undefined) throw new CliFailure('The answer holds no list', 'Try it again.', ExitCode.Failed);
  return list;
}

function describeList(list: GenerateResponse): string {
  const { policy, usage, logPropensity } = list;
  const rows = list.queries.map((query, at) => [`${String(at + 1)}.`, query.text, query.logPropensity?.toFixed(2) ?? 'unknown']);
  const auxiliary = fields(Object.entries(list.auxiliaryTexts).map(([name, text]) => [name.replaceAll('_', ' '), text]));
  const facts = fields([
    ['log-propensity', logPropensity?.toFixed(2)],
    ['policy', policy === undefined ? undefined : `${policy.kind} ${policy.version}`],
    ['prompt', list.promptVersion],
    ['tokens', usage && `${String(usage.promptTokens)} read, ${String(usage.completionTokens)} written`],
    ['drawn again', usage === undefined || usage.redraws === 0 ? undefined : String(usage.redraws)],
    ['seed', list.decoding?.seed.toString()],
  ]);
  return `${auxiliary === '' ? '' : `${auxiliary}\n\n`}${table(['', 'QUERY', 'LOG P'], rows)}\n\n${facts}`;
}
