import { Notice } from '../design/Notice.js';
import { ProblemNotice } from '../design/ProblemNotice.js';
import type { TasksState } from './use-tasks.js';

/** Says when the gateway cannot be reached, or lacks the task that this view needs. */
export function GatewayNotice({ tasks, task }: { readonly tasks: TasksState; readonly task: string }) {
  if (tasks.state === 'failed') return <ProblemNotice problem={tasks.problem} footer="This page keeps trying." />;
  if (tasks.state === 'connecting' || tasks.tasks.some(({ taskId }) => taskId === task)) return null;
  return (
    <Notice tone="warn" title={`This gateway has no task “${task}”`}>
      <p>
        Its tasks: {tasks.tasks.map(({ taskId }) => taskId).join(', ') || 'none'}. Add the task’s file to the generation service to try it
        here.
      </p>
    </Notice>
  );
}
