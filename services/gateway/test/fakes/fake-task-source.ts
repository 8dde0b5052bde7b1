import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { TaskSource } from '../../src/domain/tasks/task-catalogue.js';
import type { TaskDefinition } from '../../src/domain/tasks/task.js';
import { Misbehaviour } from './misbehaviour.js';

export class FakeTaskSource extends Misbehaviour implements TaskSource {
  asked = 0;

  constructor(public tasks: readonly TaskDefinition[]) {
    super('generation');
  }

  async listTasks(limits: CallLimits): Promise<readonly TaskDefinition[]> {
    this.asked++;
    await this.act(limits);
    return this.tasks;
  }
}
