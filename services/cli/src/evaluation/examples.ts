import { createHash } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { normalise } from '@gqr/chassis/text/normalise';
import type { PromptInstanceSchema } from '@gqr/protos/gqr/generation/v1/generation';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { type WrittenInstance, writtenInstances } from './instances.js';
import type { Prompt } from './prompts.js';

/** Characters of an answer that a prompt keeps, roughly. */
const KEPT_OF_RESPONSE = 512;

/**
 * Worked examples for the few-shot baseline (paper table 3): instances of the training split, so what the trained policies have seen too.
 * Only the shorter half of a task's instances is drawn from, for several to fit into the context. Every prompt has examples of its own:
 * an interval over prompts then covers the choice of examples, which one set for all of them would hide.
 */
export class WorkedExamples {
  private readonly byTask: ReadonlyMap<string, readonly WrittenInstance[]>;

  /** @param instances of any split; those that are not for training are never drawn */
  constructor(instances: readonly WrittenInstance[] = writtenInstances()) {
    const training = instances.filter(({ split }) => split === 'train');
    const groups = Map.groupBy(training, ({ taskId }) => taskId);
    this.byTask = new Map([...groups].map(([taskId, group]) => [taskId, shorterHalf(group)]));
  }

  /**
   * Draws examples for a prompt, the shortest first, so that if not all fit most do. The same seed draws the same. None is of the prompt's
   * conversation or asks its query, nor are two of one conversation.
   * @throws CliFailure when the task has no instances
   */
  draw(prompt: Prompt, count: number, seed: number): WrittenInstance[] {
    const own = normalise(prompt.query);
    const candidates = (this.byTask.get(prompt.taskId) ?? []).filter(
      ({ conversation, inputs }) => conversation !== prompt.conversation && normalise(inputs.query) !== own,
    );
    if (candidates.length === 0) {
      throw new CliFailure(
        `There are no written instances of ${prompt.taskId} to take examples from`,
        'Leave out few-shot, or name tasks that have some: --task.',
        ExitCode.WrongUsage,
      );
    }
    const shuffled = candidates
      .map((instance) => ({ instance, rank: rankOf(seed, prompt.id, instance.id) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .map(({ instance }) => instance);
    // A list and its rewritten copy answer the same context.
    const distinct = [...Map.groupBy(shuffled, ({ conversation }) => conversation).values()].flatMap((group) => group.slice(0, 1));
    return distinct.slice(0, count).sort(byLength);
  }
}

/** An instance as a request shows it to the model. */
export function toExample({ inputs, output }: WrittenInstance): MessageInitShape<typeof PromptInstanceSchema> {
  const { query, response, history, cooccurrence } = inputs;
  return {
    context: { query, response, history },
    cooccurrenceQueries: cooccurrence,
    auxiliaryTexts: output.auxiliaryTexts,
    queries: output.queries,
  };
}

function rankOf(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function shorterHalf(instances: readonly WrittenInstance[]): WrittenInstance[] {
  return [...instances].sort(byLength).slice(0, Math.ceil(instances.length / 2));
}

function byLength(a: WrittenInstance, b: WrittenInstance): number {
  return lengthOf(a) - lengthOf(b) || (a.id < b.id ? -1 : 1);
}

function lengthOf({ inputs, output }: WrittenInstance): number {
  const texts = [
    inputs.query,
    inputs.response.slice(0, KEPT_OF_RESPONSE),
    ...inputs.history.map(({ query }) => query),
    ...inputs.cooccurrence,
    ...output.queries,
    ...Object.values(output.auxiliaryTexts),
  ];
  return texts.reduce((sum, text) => sum + text.length, 0);
}
