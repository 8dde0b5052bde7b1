/** Part of the instances that an instance belongs to. */
export type Split = 'train' | 'validation' | 'test';

/** A list that somebody wrote for a context: what the policy learns to write. */
export interface SftInstance {
  readonly split: Split;
  readonly query: string;
  readonly response: string;
  /** Earlier queries of the session, oldest first. */
  readonly history: readonly string[];
  readonly cooccurrenceQueries: readonly string[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
}

/** The written instances. */
export interface InstanceSource {
  /** All instances of a task. @throws RunFailedError naming file and line if one can't be read */
  read(task: string): Promise<SftInstance[]>;
}

/** An instance as the policy will see it. */
export interface RenderedInstance {
  readonly prompt: string;
  readonly response: string;
}

/** Renders prompts exactly as they are rendered to serve. */
export interface PromptRenderer {
  /**
   * In the order of the instances, with the content hash of task file and template.
   * @throws RunFailedError if the generation service can't or won't
   */
  render(
    task: string,
    instances: readonly SftInstance[],
    signal: AbortSignal,
    report: (done: number) => void,
  ): Promise<{ readonly rendered: readonly RenderedInstance[]; readonly promptVersion: string }>;
}
