/** Inputs that every task may use; any other name in a task's `inputs` is side information. */
export const BUILT_IN_INPUTS = ['query', 'response', 'history', 'cooccurrence'] as const;

/** A section of the prompt. */
export interface InputSection {
  /** Name of the input: one of BUILT_IN_INPUTS, or of side information. */
  readonly name: string;
  /** How the section is headed in the prompt. */
  readonly label: string;
  /** Most tokens that it may take. */
  readonly tokens: number;
  /** Most items, for the inputs that are lists. */
  readonly items: number;
}

/** A text that is written before the queries. */
export interface AuxiliaryText {
  readonly name: string;
  /** How its line is headed in the response. */
  readonly label: string;
  readonly maxCharacters: number;
  readonly mayBeEmpty: boolean;
}

/** How tokens are drawn. */
export interface Decoding {
  /** In [0, 2]; 0 always takes the most probable token. */
  readonly temperature: number;
  /** Nucleus mass in (0, 1]. */
  readonly topP: number;
  /** Smallest probability relative to the most probable token, in [0, 1). */
  readonly minP: number;
  /** Penalty on tokens that the list already has, in [1, 2]; 1 is none. */
  readonly repetitionPenalty: number;
  /** Nats by which the logit of a token that the list already has is lowered, in [0, 2]; 0 is none. Makes the queries of a list differ. */
  readonly diversity: number;
}

/** A query recommendation task: data, read from a file (paper section 3.1). */
export interface Task {
  readonly id: string;
  readonly description: string;
  /** Instructions of Template 1; "{count}" stands for the number of queries. */
  readonly instruction: string;
  readonly count: { readonly default: number; readonly max: number };
  readonly inputs: readonly InputSection[];
  /** Tokens of all inputs together, and which inputs lose first when they are too many. */
  readonly budget: { readonly tokens: number; readonly shorten: readonly string[] };
  readonly auxiliaryTexts: readonly AuxiliaryText[];
  readonly query: {
    readonly maxCharacters: number;
    readonly maxWords: number;
    /** Whether every query of the list begins with the user's, and so completes it. */
    readonly completes: boolean;
  };
  /** Task whose policy serves this one as long as it has none of its own; undefined for the base model. */
  readonly policyOf: string | undefined;
  /** Eq. 3 (`multi`) or Eq. 4 (`single`). */
  readonly listReward: 'multi' | 'single';
  readonly decoding: Decoding;
  /** Hash of the task file and of the template: what a policy was trained on. */
  readonly promptVersion: string;
}

/** Names of the side information that a task takes. */
export function sideInformationOf(task: Task): string[] {
  const builtIn: readonly string[] = BUILT_IN_INPUTS;
  return task.inputs.map(({ name }) => name).filter((name) => !builtIn.includes(name));
}

/** The tasks that can be asked for. They may change while the service runs. */
export interface TaskCatalog {
  list(): readonly Task[];
  /** @throws UnknownTaskError */
  get(id: string): Task;
}
export const TASK_CATALOG = Symbol('TaskCatalog');
