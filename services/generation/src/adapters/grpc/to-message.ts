import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type GenerateResponseSchema,
  ListReward,
  type PolicySchema,
  type StreamGenerateResponseSchema,
  type TaskDefinitionSchema,
} from '@gqr/protos/gqr/generation/v1/generation';
import type { GeneratedList, GeneratedQuery, GenerateEvent } from '../../domain/generate/generate-list.js';
import type { LoadedPolicy } from '../../domain/policies/policy-set.js';
import { sideInformationOf, type Task } from '../../domain/tasks/task.js';

interface PolicyName {
  readonly policyTaskId: string;
  readonly policyVersion: string;
}

/** The model version by which an answer names its policy. */
export function policyId({ policyTaskId, policyVersion }: PolicyName): { kind: string; version: string } {
  return { kind: `policy.${policyTaskId}`, version: policyVersion };
}

function toQuery({ text, logPropensity }: GeneratedQuery): { text: string; logPropensity?: number } {
  return { text, ...(logPropensity !== undefined && { logPropensity }) };
}

export function toGenerateResponse(list: GeneratedList, includePrompt: boolean): MessageInitShape<typeof GenerateResponseSchema> {
  return {
    queries: list.queries.map(toQuery),
    auxiliaryTexts: { ...list.auxiliaryTexts },
    policy: policyId(list),
    promptVersion: list.promptVersion,
    decoding: { ...list.decoding, seed: list.seed, poolSize: list.poolSize },
    usage: { ...list.usage, pooled: list.poolSize > 0 },
    timings: [...list.timings],
    prompt: includePrompt ? list.prompt : '',
    promptExamples: list.promptExamples,
    ...(list.logPropensity !== undefined && { logPropensity: list.logPropensity }),
  };
}

export function toStreamEvent(event: GenerateEvent, includePrompt: boolean): MessageInitShape<typeof StreamGenerateResponseSchema> {
  switch (event.kind) {
    case 'started': {
      const { origin } = event;
      const { promptVersion, decoding, seed } = origin;
      return { event: { case: 'started', value: { policy: policyId(origin), promptVersion, decoding: { ...decoding, seed } } } };
    }
    case 'auxiliary':
      return { event: { case: 'auxiliaryText', value: { name: event.name, text: event.text } } };
    case 'query':
      return { event: { case: 'query', value: toQuery(event) } };
    case 'list':
      return { event: { case: 'response', value: toGenerateResponse(event.list, includePrompt) } };
  }
}

export function toTaskDefinition(task: Task, policyVersion: string): MessageInitShape<typeof TaskDefinitionSchema> {
  return {
    taskId: task.id,
    description: task.description,
    defaultCount: task.count.default,
    maxCount: task.count.max,
    auxiliaryTexts: task.auxiliaryTexts.map(({ name }) => name),
    sideInformation: sideInformationOf(task),
    listReward: task.listReward === 'multi' ? ListReward.MULTI : ListReward.SINGLE,
    cooccurrenceQueries: task.inputs.find(({ name }) => name === 'cooccurrence')?.items ?? 0,
    promptVersion: task.promptVersion,
    policyVersion,
    completes: task.query.completes,
    policyOf: task.policyOf ?? '',
  };
}

export function toPolicy({ artefact }: LoadedPolicy, serving: boolean, backend: string): MessageInitShape<typeof PolicySchema> {
  return { taskId: artefact.taskId, policyVersion: artefact.version, serving, baseModelSha256: artefact.baseModelSha256, backend };
}
