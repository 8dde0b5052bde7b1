import type { CallLimits } from '@gqr/chassis/grpc/call';
import { LastKnown } from '../last-known.js';
import { Task, type TaskDefinition } from './task.js';

/** Where tasks are defined. */
export interface TaskSource {
  /** @throws DependencyError, CallEndedError */
  listTasks(limits: CallLimits): Promise<readonly TaskDefinition[]>;
}

export const TASK_SOURCE = Symbol('TaskSource');

/** No task has this id. Thrown for a request, once everything else about it is right. */
export class UnknownTaskError extends Error {
  override readonly name = 'UnknownTaskError';
  constructor(known: readonly string[]) {
    super(`task_id: no task has this id; ask for one of: ${known.join(', ')}`);
  }
}

/** The tasks that can be asked for: the last known ones while their source is away. */
export class TaskCatalogue {
  private readonly tasks: LastKnown<readonly Task[]>;

  constructor(source: TaskSource, options: { readonly timeoutMs: number }) {
    this.tasks = new LastKnown(async (limits) => {
      const definitions = await source.listTasks(limits);
      return definitions.map((definition) => new Task(definition)).sort((a, b) => (a.id < b.id ? -1 : 1));
    }, options);
  }

  /** All tasks in order of id. @throws DependencyError if none were ever known and none can be had now, CallEndedError */
  list(limits: CallLimits): Promise<readonly Task[]> {
    return this.tasks.get(limits);
  }

  /** Learns the tasks anew; keeps those known if that fails. */
  async refresh(): Promise<void> {
    await this.tasks.refresh();
  }
}
