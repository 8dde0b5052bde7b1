import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UnknownTaskError } from '../../domain/errors.js';
import type { Task, TaskCatalog } from '../../domain/tasks/task.js';
import { type TaskFault, TaskFileError } from '../../domain/tasks/task-fault.js';
import { parseTask } from './parse-task.js';

/** What a folder of task files is watched for. */
export interface WatchOptions {
  readonly everyMs: number;
  /** Makes ready what new tasks need; they can be asked for once it is done. */
  readonly prepare: (added: readonly Task[]) => Promise<void>;
  readonly onChange: (tasks: readonly Task[]) => void;
  /** Told of the faults of changed files; those files' tasks stay as they were. */
  readonly onFault: (error: Error) => void;
}

interface ReadFile {
  readonly task: Task | undefined;
  readonly faults: readonly TaskFault[];
}

/** The tasks of a folder: every `*.yaml` file is one. */
export class TaskFiles implements TaskCatalog {
  private tasks: ReadonlyMap<string, Task>;
  private seen: string;

  /** @throws TaskFileError */
  constructor(private readonly folder: string) {
    this.seen = this.fingerprint();
    const { tasks, faults } = this.read();
    if (faults.length > 0) throw new TaskFileError(faults);
    this.tasks = tasks;
  }

  list(): readonly Task[] {
    return [...this.tasks.values()];
  }

  get(id: string): Task {
    const task = this.tasks.get(id);
    if (task === undefined) throw new UnknownTaskError(id, [...this.tasks.keys()]);
    return task;
  }

  /**
   * Takes over changed files from now on. Looks rather than waits to be told: mounted volumes and network folders tell of nothing.
   * @returns what ends it
   */
  watch(options: WatchOptions): () => void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.reload(options)
        .catch(options.onFault)
        .finally(() => {
          busy = false;
        });
    }, options.everyMs);
    timer.unref();
    return () => {
      clearInterval(timer);
    };
  }

  private async reload({ prepare, onChange, onFault }: WatchOptions): Promise<void> {
    const now = this.fingerprint();
    if (now === this.seen) return;
    this.seen = now;
    const { tasks, faults } = this.read();
    if (faults.length > 0) onFault(new TaskFileError(faults));
    const kept = new Map(tasks);
    // A faulty file does not take its task away. Which one that was is not known where the id cannot be read, so all that are missing stay.
    if (faults.length > 0) for (const [id, task] of this.tasks) if (!kept.has(id)) kept.set(id, task);
    const added = [...kept.values()].filter(({ id }) => !this.tasks.has(id));
    if (added.length > 0) await prepare(added);
    const sorted = [...kept].sort(([a], [b]) => (a < b ? -1 : 1));
    const changed = sorted.filter(([id, task]) => this.tasks.get(id)?.promptVersion !== task.promptVersion).map(([, task]) => task);
    const removed = this.tasks.size + added.length > kept.size;
    this.tasks = new Map(sorted);
    if (changed.length > 0 || removed) onChange(changed);
  }

  private files(): string[] {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort();
  }

  private fingerprint(): string {
    return this.files()
      .map((file) => {
        const { mtimeMs, size, ino } = statSync(join(this.folder, file));
        return [file, mtimeMs, size, ino].join(' ');
      })
      .join('\n');
  }

  private read(): { tasks: ReadonlyMap<string, Task>; faults: TaskFault[] } {
    const files = this.files().map((file) => join(this.folder, file));
    const tasks = new Map<string, Task>();
    const faults: TaskFault[] = [];
    const whole = (file: string, field: string, description: string): TaskFault => ({ file, line: 1, field, description });
    if (files.length === 0) faults.push(whole(this.folder, '', 'holds no task file (*.yaml); add one'));
    for (const file of files) {
      const { task, faults: own } = readTask(file);
      faults.push(...own);
      if (task === undefined) continue;
      if (tasks.has(task.id)) faults.push(whole(file, 'id', `another file defines the task ${task.id}; rename one`));
      else tasks.set(task.id, task);
    }
    for (const task of tasks.values()) {
      const { policyOf, id } = task;
      if (policyOf === undefined || (tasks.has(policyOf) && tasks.get(policyOf)?.policyOf === undefined)) continue;
      faults.push(whole(this.folder, 'policy_of', `task ${id} names ${policyOf}, which is no task with a policy of its own`));
    }
    return { tasks, faults };
  }
}

function readTask(file: string): ReadFile {
  try {
    return { task: parseTask(readFileSync(file, 'utf8'), file), faults: [] };
  } catch (error) {
    if (!(error instanceof TaskFileError)) throw error;
    return { task: undefined, faults: error.faults };
  }
}
