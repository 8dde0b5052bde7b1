import type { SearchContext, Traffic } from '../context.js';
import type { QueryOrigin } from '../journal.js';
import type { Task } from '../tasks/task.js';

/** A request that keeps every rule of the contract. */
export interface RecommendRequest {
  readonly task: Task;
  readonly context: SearchContext;
  /** Number of queries wanted, from 1 to the task's maximum. */
  readonly count: number;
  /** Empty if one is to be made. */
  readonly sessionId: string;
  readonly userId: string;
  readonly explain: boolean;
  readonly origin: QueryOrigin;
  /** When the user asked, in milliseconds since the epoch; undefined for now. */
  readonly occurredAt: number | undefined;
  readonly traffic: Traffic;
}
