import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue } from '@bufbuild/protobuf';
import { type GrpcClient, RpcError } from '@gqr/chassis/grpc/client';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { status } from '@grpc/grpc-js';
import { type Action, type Context, withService } from '../context.js';
import { toExample, WorkedExamples } from '../evaluation/examples.js';
import { evaluationFolder } from '../evaluation/evaluation-folder.js';
import { type Figures, judgementSchema, writingFigures } from '../evaluation/figures.js';
import type { WrittenInstance } from '../evaluation/instances.js';
import { type Prompt, readPrompts, testPrompts } from '../evaluation/prompts.js';
import { AGAINST_HEAD, againstRows, examplesOf, HEAD, plotsOf, rowOf, toMarkdown, unansweredOf } from '../evaluation/report.js';
import { keyOf, ListFile, type WrittenList } from '../evaluation/written-lists.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { interruptible, type Watched } from '../interruptible.js';
import { type LearnerWatch, runLearner } from '../learner/run-learner.js';
import { fields, table } from '../terminal/terminal.js';

/** What the command line says of an evaluation. */
export interface EvaluateGenerationOptions {
  readonly prompts?: string;
  readonly task: readonly string[];
  readonly policy: readonly string[];
  readonly examples: number;
  readonly limit?: number;
  readonly lists: number;
  readonly concurrency: number;
  readonly temperature?: number;
  readonly seed: number;
  readonly judge?: string;
  readonly out?: string;
}

/** One list to write. */
interface Order {
  readonly key: string;
  readonly prompt: Prompt;
  readonly policy: string;
  readonly draw: number;
  /** Stand before the prompt; none but for few-shot. */
  readonly examples: readonly WrittenInstance[];
}

const SERVING = 'serving';
/** The bare model with worked examples, which is no version of the registry. */
const FEW_SHOT = 'few-shot';
const BASE = 'base';

/** Faults of one list; any other means that the next list would not do better. */
const FAULTS_OF_A_LIST = new Set([status.INTERNAL, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.ABORTED, status.UNKNOWN]);

/** A list may take long on a busy machine; a slow one is as good as any other. */
const PATIENCE_MS = 600_000;

export function evaluateGeneration(options: EvaluateGenerationOptions): Action {
  return async (context) => {
    const out = await evaluationFolder(context, options.out);
    const orders = ordersOf(options);
    const goOn = `Cancelled. What was written is kept: the same command with --out ${out} goes on.`;
    const figures = await interruptible(context, goOn, async ({ signal, display }) => {
      const lists = await writeLists(context, orders, options, new ListFile(join(out, 'written.jsonl')), { signal, display });
      signal.throwIfAborted();
      return judged(lists, options.judge, out, { signal, onProgress: display.update.bind(display) });
    });
    if (figures === undefined) return ExitCode.Cancelled;
    await writeReport(out, figures, options.judge);
    const against = figures.flatMap(againstRows);
    const where = fields([
      ['examples', examplesOf(figures)],
      ['unanswered', unansweredOf(figures)],
      ['report', out],
    ]);
    const text = [table(HEAD, figures.map(rowOf)), against.length === 0 ? '' : table(AGAINST_HEAD, against), where];
    context.terminal.result({ out, figures: toJson(figures) }, text.filter((part) => part !== '').join('\n\n'));
    return ExitCode.Done;
  };
}

function ordersOf({ prompts: file, task, policy, limit, lists, examples: count, seed }: EvaluateGenerationOptions): Order[] {
  const all = file === undefined ? testPrompts() : readPrompts(file);
  const wanted = all.filter(({ taskId }) => task.length === 0 || task.includes(taskId));
  const byTask = [...Map.groupBy(wanted, ({ taskId }) => taskId).values()];
  const prompts = byTask.flatMap((group) => group.slice(0, limit));
  if (prompts.length === 0) {
    throw new CliFailure(
      `${file ?? 'The test split'} has no prompt${task.length === 0 ? '' : ` for ${task.join(' or ')}`}`,
      'Name a file with prompts for the task: --prompts.',
      ExitCode.WrongUsage,
    );
  }
  const policies = policy.length === 0 ? [SERVING] : policy;
  const book = policies.includes(FEW_SHOT) ? new WorkedExamples() : undefined;
  const order = (prompt: Prompt, draw: number, name: string): Order => {
    const examples = name === FEW_SHOT ? (book?.draw(prompt, count, seed + draw) ?? []) : [];
    return { key: keyOf({ prompt: prompt.id, policy: name, draw }), prompt, policy: name, draw, examples };
  };
  // All policies get a prompt in turn, so that what disturbs the machine disturbs them alike.
  return prompts.flatMap((prompt) => Array.from({ length: lists }, (_, draw) => policies.map((name) => order(prompt, draw, name))).flat());
}

async function writeLists(
  context: Context,
  orders: readonly Order[],
  options: EvaluateGenerationOptions,
  file: ListFile,
  { signal, display }: Watched,
): Promise<WrittenList[]> {
  const keys = new Set(orders.map(({ key }) => key));
  const known = new Map(file.read().flatMap((list) => (keys.has(keyOf(list)) ? [[keyOf(list), list] as const] : [])));
  const left = orders.filter(({ key }) => !known.has(key));
  const startedAt = Date.now();
  let written = 0;
  const show = (): void => {
    const rate = (1000 * written) / Math.max(1, Date.now() - startedAt);
    const secondsLeft = rate > 0 ? (left.length - written) / rate : undefined;
    display.update({ title: 'write', done: known.size, total: orders.length, unit: 'lists', rate, secondsLeft });
  };
  await withService(context, 'generation', GenerationService, async (generation) => {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let order = left[next++]; order !== undefined && !signal.aborted; order = left[next++]) {
        const list = await writeList(generation, context, order, options);
        file.append(list);
        known.set(order.key, list);
        written++;
        show();
      }
    };
    show();
    await Promise.all(Array.from({ length: options.concurrency }, worker));
  });
  return orders.flatMap(({ key }) => known.get(key) ?? []);
}

async function writeList(
  generation: GrpcClient<typeof GenerationService>,
  context: Context,
  { prompt, policy, draw, examples }: Order,
  { temperature, seed }: EvaluateGenerationOptions,
): Promise<WrittenList> {
  const { id, taskId, query, response, history, cooccurrence } = prompt;
  const startedAt = performance.now();
  const asked = { prompt: id, task: taskId, policy, draw, query, response };
  try {
    const list = await generation.generate(
      {
        taskId,
        context: { query, response, history: [...history] },
        cooccurrenceQueries: [...cooccurrence],
        policyVersion: policy === SERVING ? '' : policy === FEW_SHOT ? BASE : policy,
        examples: examples.map(toExample),
        decoding: { seed: BigInt(seed + draw + 1), ...(temperature !== undefined && { temperature }) },
      },
      { deadline: Date.now() + Math.max(context.timeoutMs, PATIENCE_MS) },
    );
    const { prefix = '', suffix = '' } = list.auxiliaryTexts;
    const queries = list.queries.map(({ text }) => [prefix, text, suffix].filter((part) => part !== '').join(' '));
    const usage = { tokens: list.usage?.completionTokens ?? 0, redraws: list.usage?.redraws ?? 0, examples: list.promptExamples };
    return { ...asked, queries, wanted: queries.length, milliseconds: performance.now() - startedAt, ...usage, failure: '' };
  } catch (error) {
    if (!(error instanceof RpcError) || !FAULTS_OF_A_LIST.has(error.code)) throw error;
    const milliseconds = performance.now() - startedAt;
    return { ...asked, queries: [], wanted: 0, milliseconds, tokens: 0, redraws: 0, examples: 0, failure: error.reason };
  }
}

/** The figures, with what the judge says. */
async function judged(lists: readonly WrittenList[], judge: string | undefined, out: string, watch: LearnerWatch): Promise<Figures[]> {
  // The policy that comes first is the one that the others are held against.
  const policies = [...new Set(lists.map(({ policy }) => policy))];
  const whole = policies.flatMap((name) => lists.filter(({ policy, queries }) => policy === name && queries.length > 0));
  const figures = writingFigures(lists);
  if (whole.length === 0) return figures.map((each) => ({ ...each, judged: undefined }));
  const file = join(out, 'lists.jsonl');
  await writeFile(
    file,
    whole
      .map(
        ({ prompt, task, policy, query, response, queries }) => `${JSON.stringify({ prompt, task, policy, query, response, queries })}\n`,
      )
      .join(''),
  );
  const inputs = { lists: file, ...(judge !== undefined && { verdicts: await askJudge(judge, file, join(out, 'answers.jsonl')) }) };
  const metrics = await runLearner({ command: 'judge-lists', config: {}, inputs, out: join(out, 'judge') }, watch);
  const judgement = judgementSchema.parse(metrics).figures;
  return figures.map((each) => ({
    ...each,
    judged: judgement.find(({ task, policy }) => task === each.task && policy === each.policy),
  }));
}

/** Has a command of the user judge: lists on its standard input, a line each, and verdicts on its standard output. */
async function askJudge(command: string, lists: string, answers: string): Promise<string> {
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  // A judge that ends early closes its input; what it lacks, the count of its lines tells.
  child.stdin.on('error', () => undefined);
  createReadStream(lists).pipe(child.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  const code = await ended;
  if (code !== 0)
    throw new CliFailure(`The judge ended with status ${String(code)}`, `Run it by hand: ${command} < ${lists}`, ExitCode.Failed);
  await writeFile(answers, Buffer.concat(chunks));
  return answers;
}

async function writeReport(out: string, figures: readonly Figures[], judge: string | undefined): Promise<void> {
  await writeFile(join(out, 'report.json'), `${JSON.stringify(figures, null, 2)}\n`);
  await writeFile(join(out, 'report.md'), toMarkdown(figures, judge === undefined ? 'the automatic judge' : `\`${judge}\``));
  for (const [name, picture] of Object.entries(plotsOf(figures))) await writeFile(join(out, name), picture);
}

const toJson = (figures: readonly Figures[]): JsonValue => JSON.parse(JSON.stringify(figures)) as JsonValue;
