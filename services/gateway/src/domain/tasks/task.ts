import { MAX_LIST_LENGTH } from '../impression-id/impression-id.js';
import type { ListReward } from '../recommend/list-reward.js';

/** A task, as generation defines it. */
export interface TaskDefinition {
  readonly id: string;
  readonly description: string;
  readonly defaultCount: number;
  readonly maxCount: number;
  /** Names of the texts that come with the list, in the order in which they are written. */
  readonly auxiliaryTexts: readonly string[];
  readonly sideInformation: readonly string[];
  readonly listReward: ListReward | undefined;
  /** Number of co-occurrence queries that its prompt takes. */
  readonly cooccurrenceQueries: number;
  readonly promptVersion: string;
}

/** A task as the gateway serves it. */
export class Task {
  readonly defaultCount: number;
  readonly maxCount: number;

  constructor(readonly definition: TaskDefinition) {
    this.maxCount = Math.min(definition.maxCount, MAX_LIST_LENGTH);
    this.defaultCount = Math.min(definition.defaultCount, this.maxCount);
  }

  get id(): string {
    return this.definition.id;
  }

  /**
   * Whether what the task shows are whole queries, so that a query that other users asked can stand in for one. Where a prefix or a
   * suffix is put around each text, the texts are snippets: a whole query between them would make a broken one.
   */
  get showsWholeQueries(): boolean {
    return !this.definition.auxiliaryTexts.some((name) => name === 'prefix' || name === 'suffix');
  }
}

/** The query to ask when `text` is clicked. */
export function composeQuery(text: string, auxiliaryTexts: Readonly<Record<string, string>>): string {
  return [auxiliaryTexts['prefix'], text, auxiliaryTexts['suffix']].filter((part) => part !== undefined && part !== '').join(' ');
}
