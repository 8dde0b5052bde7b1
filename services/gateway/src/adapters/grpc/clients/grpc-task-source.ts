import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import { type GenerationService, ListReward, type TaskDefinition as Message } from '@gqr/protos/gqr/generation/v1/generation';
import type { TaskSource } from '../../../domain/tasks/task-catalogue.js';
import type { TaskDefinition } from '../../../domain/tasks/task.js';
import type { Guard } from './guarded.js';

const LIST_REWARDS = new Map([
  [ListReward.MULTI, 'multi'],
  [ListReward.SINGLE, 'single'],
] as const);

/** The generation service as the place where tasks are defined. */
export class GrpcTaskSource implements TaskSource {
  constructor(
    private readonly client: GrpcClient<typeof GenerationService>,
    private readonly guard: Guard,
  ) {}

  listTasks(limits: CallLimits): Promise<readonly TaskDefinition[]> {
    return this.guard.call(limits, async () => {
      const { tasks } = await this.client.listTasks({}, limits);
      const unusable = tasks.find((task) => task.taskId === '' || task.maxCount === 0 || task.defaultCount === 0);
      if (tasks.length === 0 || unusable !== undefined) throw this.guard.invalid('a task without an id or without queries, or no task');
      return tasks.map(toDefinition);
    });
  }
}

function toDefinition(task: Message): TaskDefinition {
  return {
    id: task.taskId,
    description: task.description,
    defaultCount: task.defaultCount,
    maxCount: task.maxCount,
    auxiliaryTexts: task.auxiliaryTexts,
    sideInformation: task.sideInformation,
    listReward: LIST_REWARDS.get(task.listReward as ListReward.MULTI | ListReward.SINGLE),
    cooccurrenceQueries: task.cooccurrenceQueries,
    promptVersion: task.promptVersion,
  };
}
