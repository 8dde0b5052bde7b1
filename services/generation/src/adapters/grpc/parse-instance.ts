import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { SearchContext } from '@gqr/protos/gqr/context/v1/context';
import type { PromptInstance } from '@gqr/protos/gqr/generation/v1/generation';
import type { PromptInputs } from '../../domain/prompt/budget.js';
import { neutralise } from '../../domain/prompt/neutralise.js';
import { TEMPLATE_HEADINGS, type WorkedExample } from '../../domain/prompt/render-prompt.js';
import { sideInformationOf, type Task } from '../../domain/tasks/task.js';

export const MAX_QUERY = 2_000;
/** Characters that must be left for a completion. */
const MIN_COMPLETION = 20;
const MAX_RESPONSE = 20_000;
export const MAX_HISTORY = 200;
const MAX_COOCCURRENCE = 100;
const MAX_EXAMPLES = 8;

/** Collects everything that is wrong with a request, so that a caller learns of all of it at once. */
export class Violations {
  private readonly found: FieldViolation[] = [];

  check(holds: boolean, field: string, description: string): void {
    if (!holds) this.found.push({ field, description });
  }

  text(value: string, field: string, max: number): void {
    const length = Array.from(value).length; // code points, as the contract counts
    this.check(length <= max, field, `has ${String(length)} characters; at most ${String(max)} are allowed`);
  }

  /** @throws InvalidRequestError */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InvalidRequestError(this.found);
  }
}

export function parseInputs(
  task: Task,
  context: SearchContext | undefined,
  cooccurrence: readonly string[],
  at: string,
  violations: Violations,
): PromptInputs {
  const query = context?.query ?? '';
  violations.check(neutralise(query) !== '', `${at}context.query`, 'must not be empty');
  violations.text(query, `${at}context.query`, MAX_QUERY);
  if (task.query.completes) {
    const max = task.query.maxCharacters - MIN_COMPLETION;
    violations.check(
      Array.from(query).length <= max,
      `${at}context.query`,
      `is too long to be completed by task ${task.id}: at most ${String(max)} characters`,
    );
  }
  violations.text(context?.response ?? '', `${at}context.response`, MAX_RESPONSE);
  const history = context?.history ?? [];
  violations.check(
    history.length <= MAX_HISTORY,
    `${at}context.history`,
    `has ${String(history.length)} turns; send the latest ${String(MAX_HISTORY)}`,
  );
  history.slice(0, MAX_HISTORY).forEach((turn, i) => {
    violations.text(turn.query, `${at}context.history[${String(i)}].query`, MAX_QUERY);
  });
  violations.check(
    cooccurrence.length <= MAX_COOCCURRENCE,
    `${at}cooccurrence_queries`,
    `has ${String(cooccurrence.length)} entries; send the best ${String(MAX_COOCCURRENCE)}`,
  );
  const declared = sideInformationOf(task);
  const sideInformation = context?.sideInformation ?? {};
  for (const [name, value] of Object.entries(sideInformation)) {
    const known = declared.length === 0 ? 'it takes none' : `it takes: ${declared.join(', ')}`;
    violations.check(
      declared.includes(name),
      `${at}context.side_information[${JSON.stringify(name)}]`,
      `is not declared by task ${task.id}; ${known}`,
    );
    violations.text(value, `${at}context.side_information[${JSON.stringify(name)}]`, MAX_QUERY);
  }
  return { query, response: context?.response ?? '', history: history.map((turn) => turn.query), cooccurrence, sideInformation };
}

/** An instance of RenderPrompts. */
export interface PromptOrder {
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
  readonly count: number;
}

/** @throws InvalidRequestError with every violation */
export function parsePrompts(task: Task, instances: readonly PromptInstance[]): PromptOrder[] {
  const violations = new Violations();
  violations.check(
    instances.length >= 1 && instances.length <= 1_000,
    'instances',
    `has ${String(instances.length)} entries; must have 1 to 1,000`,
  );
  const orders = instances.map((instance, i): PromptOrder => {
    const at = `instances[${String(i)}].`;
    const inputs = parseInputs(task, instance.context, instance.cooccurrenceQueries, at, violations);
    checkAuxiliary(task, instance.auxiliaryTexts, at, violations);
    const count = instance.count || instance.queries.length || task.count.default;
    violations.check(count <= task.count.max, `${at}count`, `is ${String(count)}; at most ${String(task.count.max)}`);
    return { inputs, auxiliaryTexts: instance.auxiliaryTexts, queries: instance.queries, count };
  });
  violations.throwIfAny();
  return orders;
}

/** Worked examples. Their lists are what a model imitates, so they are held to more than instances to learn from. */
export function parseExamples(task: Task, examples: readonly PromptInstance[], violations: Violations): WorkedExample[] {
  violations.check(
    examples.length <= MAX_EXAMPLES,
    'examples',
    `has ${String(examples.length)} entries; at most ${String(MAX_EXAMPLES)} are allowed`,
  );
  return examples.slice(0, MAX_EXAMPLES).map((example, i): WorkedExample => {
    const at = `examples[${String(i)}].`;
    const { auxiliaryTexts, queries, count } = example;
    const inputs = parseInputs(task, example.context, example.cooccurrenceQueries, at, violations);
    checkAuxiliary(task, auxiliaryTexts, at, violations);
    for (const { name, mayBeEmpty } of task.auxiliaryTexts) {
      const text = auxiliaryTexts[name] ?? '';
      const field = `${at}auxiliary_texts[${JSON.stringify(name)}]`;
      violations.check(mayBeEmpty || neutralise(text) !== '', field, 'must not be empty in an example');
      violations.text(text, field, MAX_QUERY);
    }
    checkQueries(task, queries, at, violations);
    violations.check(
      queries.length === 0 || count === 0 || count === queries.length,
      `${at}count`,
      `must be 0 or the number of its queries`,
    );
    return { inputs, auxiliaryTexts, queries };
  });
}

function checkQueries(task: Task, queries: readonly string[], at: string, violations: Violations): void {
  const { max } = task.count;
  violations.check(queries.length >= 1, `${at}queries`, 'must hold the list that answers the example');
  violations.check(queries.length <= max, `${at}queries`, `has ${String(queries.length)} entries; at most ${String(max)}`);
  // Auxiliary texts stand behind their head, inputs behind their label; a query has its line for itself.
  const headings = [...TEMPLATE_HEADINGS, ...[...task.inputs, ...task.auxiliaryTexts].map(({ label }) => label)];
  queries.slice(0, max).forEach((query, i) => {
    const field = `${at}queries[${String(i)}]`;
    const line = neutralise(query).toLowerCase();
    const heading = headings.find((each) => line.startsWith(`${each.toLowerCase()}:`));
    violations.check(line !== '', field, 'must not be empty');
    violations.check(heading === undefined, field, `begins with "${heading ?? ''}:", a heading of the prompt; word it otherwise`);
    violations.text(query, field, MAX_QUERY);
  });
}

/** @param at where the texts are within the request, such as "instances[0]." */
export function checkAuxiliary(task: Task, texts: Readonly<Record<string, string>>, at: string, violations: Violations): void {
  const known = task.auxiliaryTexts.map(({ name }) => name);
  for (const name of Object.keys(texts)) {
    const has = known.length === 0 ? 'it has none' : `it has: ${known.join(', ')}`;
    violations.check(
      known.includes(name),
      `${at}auxiliary_texts[${JSON.stringify(name)}]`,
      `is no auxiliary text of task ${task.id}; ${has}`,
    );
  }
}
