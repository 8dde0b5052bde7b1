import { create, type JsonObject } from '@bufbuild/protobuf';
import {
  CancelRunResponseSchema,
  GetRunResponseSchema,
  ListRunsResponseSchema,
  type Run,
  RunState,
  StartRunResponseSchema,
  TrainerService,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import { type Action, type Context, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { flatten, formatSpan, formatTime } from '../terminal/format.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { documentOf } from '../terminal/document.js';
import { fields, table } from '../terminal/terminal.js';
import { follow } from './follow.js';

type Trainer = GrpcClient<typeof TrainerService>;

const STATES: Readonly<Record<number, string>> = {
  [RunState.QUEUED]: 'queued',
  [RunState.RUNNING]: 'running',
  [RunState.SUCCEEDED]: 'succeeded',
  [RunState.FAILED]: 'failed',
  [RunState.CANCELLED]: 'cancelled',
};

function stateOf(run: Run | undefined): string {
  return STATES[run?.state ?? RunState.UNSPECIFIED] ?? '';
}

function isOver(run: Run | undefined): boolean {
  return run?.state === RunState.SUCCEEDED || run?.state === RunState.FAILED || run?.state === RunState.CANCELLED;
}

function exitCodeOf(run: Run | undefined): ExitCode {
  if (run?.state === RunState.CANCELLED) return ExitCode.Cancelled;
  return run?.state === RunState.FAILED ? ExitCode.Failed : ExitCode.Done;
}

function modelOf(run: Run): string {
  return run.model === undefined ? '' : `${run.model.kind} ${run.model.version}`;
}

function stageOf({ progress }: Run): string {
  if (progress === undefined || progress.stage === '') return '';
  return progress.stages === 0 ? progress.stage : `${progress.stage} (${String(progress.stageNumber)} of ${String(progress.stages)})`;
}

function describeRun(run: Run): string {
  const general = fields([
    ['run', run.runId],
    ['kind', run.kind],
    ['state', stateOf(run)],
    ['stage', isOver(run) ? undefined : stageOf(run)],
    ['created', formatTime(run.createdAt)],
    ['took', formatSpan(run.startedAt, run.endedAt)],
    ['model', modelOf(run)],
    ['attempts', run.attempts > 1 ? String(run.attempts) : undefined],
    ['error', run.error],
  ]);
  const section = (title: string, values: JsonObject | undefined): string => {
    const rows = flatten(values ?? {});
    return rows.length === 0 ? '' : `\n\n${title}\n${fields(rows.map(([name, value]) => [`  ${name}`, value]))}`;
  };
  return general + section('options', run.options) + section('metrics', run.metrics);
}

/** Watches a run to its end and shows how it went. */
async function watchToEnd(context: Context, trainer: Trainer, runId: string): Promise<ExitCode> {
  const { terminal } = context;
  const display = new ProgressDisplay(terminal.err);
  const message = await follow(context, {
    name: `run ${runId}`,
    watch: (signal) => trainer.watchRun({ runId }, { signal }),
    isOver: ({ run }) => isOver(run),
    show: ({ run }) => {
      if (run !== undefined && !isOver(run)) display.update(progressOf(run));
    },
    clear: () => {
      display.clear();
    },
    cancel: () => trainer.cancelRun({ runId }, inTime(context)),
    again: `npx gqr runs watch ${runId}`,
  });
  const run = message?.run ?? (await trainer.getRun({ runId }, inTime(context))).run;
  const document = documentOf(GetRunResponseSchema, create(GetRunResponseSchema, run === undefined ? {} : { run }));
  terminal.result(document, run === undefined ? '' : describeRun(run));
  return exitCodeOf(run);
}

function progressOf(run: Run): Parameters<ProgressDisplay['update']>[0] {
  const { progress } = run;
  return {
    title: stageOf(run) === '' ? stateOf(run) : stageOf(run),
    done: progress?.done ?? 0,
    total: progress?.total ?? 0,
    unit: progress?.unit ?? '',
    rate: progress?.rate ?? 0,
    secondsLeft: progress?.secondsLeft,
    message: progress?.message,
  };
}

/** The id of a run; "last" is the one that was asked for last. */
async function resolveRun(context: Context, trainer: Trainer, id: string): Promise<string> {
  if (id !== 'last') return id;
  const { runs } = await trainer.listRuns({ limit: 1 }, inTime(context));
  const [last] = runs;
  if (last !== undefined) return last.runId;
  throw new CliFailure('There are no runs yet', 'Start one: npx gqr train cooccurrence', ExitCode.WrongUsage);
}

/** Starts a run; watches it to its end unless it is to be left alone. */
export function train(kind: string, options: JsonObject, detach: boolean): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const started = await trainer.startRun({ kind, options }, inTime(context));
      const runId = started.run?.runId ?? '';
      if (!detach) return watchToEnd(context, trainer, runId);
      context.terminal.result(
        documentOf(StartRunResponseSchema, started),
        `Run ${runId} is ${stateOf(started.run)}. Watch it: npx gqr runs watch ${runId}`,
      );
      return ExitCode.Done;
    });
}

export function listRuns(limit: number): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.listRuns({ limit }, inTime(context));
      const rows = answer.runs.map((run) => [
        run.runId,
        run.kind,
        stateOf(run),
        formatTime(run.createdAt),
        formatSpan(run.startedAt, run.endedAt),
        isOver(run) ? modelOf(run) || run.error : stageOf(run),
      ]);
      const text =
        rows.length === 0
          ? 'There are no runs yet. Start one: npx gqr train cooccurrence'
          : table(['RUN', 'KIND', 'STATE', 'CREATED', 'TOOK', 'MODEL OR STAGE'], rows);
      context.terminal.result(documentOf(ListRunsResponseSchema, answer), text);
      return ExitCode.Done;
    });
}

export function showRun(id: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.getRun({ runId: await resolveRun(context, trainer, id) }, inTime(context));
      context.terminal.result(documentOf(GetRunResponseSchema, answer), answer.run === undefined ? '' : describeRun(answer.run));
      return ExitCode.Done;
    });
}

export function watchRun(id: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) =>
      watchToEnd(context, trainer, await resolveRun(context, trainer, id)),
    );
}

export function cancelRun(id: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.cancelRun({ runId: await resolveRun(context, trainer, id) }, inTime(context));
      context.terminal.result(documentOf(CancelRunResponseSchema, answer), `Run ${answer.run?.runId ?? id} is ${stateOf(answer.run)}.`);
      return ExitCode.Done;
    });
}
