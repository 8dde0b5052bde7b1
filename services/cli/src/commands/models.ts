import {
  GetModelResponseSchema,
  ListModelsResponseSchema,
  type Model,
  PromoteResponseSchema,
  RollbackResponseSchema,
  TrainerService,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import { type Action, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { flatten, formatBytes, formatTime } from '../terminal/format.js';
import { documentOf } from '../terminal/document.js';
import { fields, table } from '../terminal/terminal.js';

function sizeOf(model: Model): string {
  return formatBytes(model.files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0));
}

export function listModels(kind: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.listModels({ kind }, inTime(context));
      const rows = answer.models.map((model) => [
        model.id?.kind ?? '',
        model.id?.version ?? '',
        model.channels.join(', '),
        formatTime(model.createdAt),
        sizeOf(model),
        model.traffic,
      ]);
      const text = rows.length === 0 ? 'There are no models.' : table(['KIND', 'VERSION', 'CHANNELS', 'CREATED', 'SIZE', 'TRAFFIC'], rows);
      context.terminal.result(documentOf(ListModelsResponseSchema, answer), text);
      return ExitCode.Done;
    });
}

function describeModel(model: Model): string {
  const general = fields([
    ['kind', model.id?.kind],
    ['version', model.id?.version],
    ['channels', model.channels.join(', ')],
    ['created', formatTime(model.createdAt)],
    ['learnt from', model.windowStart && `${formatTime(model.windowStart)} to ${formatTime(model.windowEnd)}`],
    ['traffic', model.traffic],
    ['parents', model.parents.map(({ kind, version }) => `${kind} ${version}`).join(', ')],
    ['code', model.codeVersion],
  ]);
  const sections: [string, [string, string][]][] = [
    ['files', model.files.map(({ name, sizeBytes, sha256 }) => [name, `${formatBytes(Number(sizeBytes)).padStart(7)}  sha256 ${sha256}`])],
    ['metrics', flatten(model.metrics ?? {})],
    ['config', flatten(model.config ?? {})],
  ];
  const texts = sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `\n\n${title}\n${fields(rows.map(([name, value]) => [`  ${name}`, value]))}`);
  return general + texts.join('');
}

export function showModel(kind: string, version: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.getModel({ id: { kind, version } }, inTime(context));
      context.terminal.result(documentOf(GetModelResponseSchema, answer), answer.model === undefined ? '' : describeModel(answer.model));
      return ExitCode.Done;
    });
}

export function promoteModel(kind: string, version: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.promote({ id: { kind, version } }, inTime(context));
      const before =
        answer.previousVersion === '' ? '' : ` Before it was ${answer.previousVersion}; npx gqr models rollback ${kind} goes back.`;
      context.terminal.result(documentOf(PromoteResponseSchema, answer), `${kind} ${version} serves now.${before}`);
      return ExitCode.Done;
    });
}

export function rollbackModel(kind: string): Action {
  return (context) =>
    withService(context, 'trainer', TrainerService, async (trainer) => {
      const answer = await trainer.rollback({ kind }, inTime(context));
      context.terminal.result(documentOf(RollbackResponseSchema, answer), `${kind} ${answer.version} serves again.`);
      return ExitCode.Done;
    });
}
