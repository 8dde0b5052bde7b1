import type { PromptInputs } from '../prompt/budget.js';
import { beginningOf } from '../prompt/response-lines.js';
import type { Task } from '../tasks/task.js';
import type { Fault } from './fault.js';
import { follows, languageAsked } from './language.js';
import { type Likeness, likenessOf, tellTheSame } from './near-duplicate.js';
import { leaks, phrasesOf } from './prompt-leak.js';
import type { SafetyFilter } from './safety-filter.js';

/** What is wrong with a line behind the queries that stand already; undefined if it is good. */
export type FaultOf = (text: string, kind: 'auxiliary' | 'query', queries: readonly string[]) => Fault | undefined;

/** Which qualities are looked at. */
export interface CriticOptions {
  readonly nearDuplicates: boolean;
  readonly language: boolean;
  /** Undefined for none. */
  readonly safety: SafetyFilter | undefined;
}

/** Judges lines by what the user should not see. */
export class ListCritic {
  /** Those of the task of the last call: of hundreds of calls, most are for the same. */
  private phrases: { readonly instruction: string; readonly all: ReadonlySet<string> } | undefined;

  constructor(private readonly options: CriticOptions) {}

  /**
   * What the lines are compared with is looked at when the first of them comes: until then the language model is not kept waiting.
   * @param shown queries that were shown before
   */
  for(task: Task, inputs: PromptInputs, shown: readonly string[]): FaultOf {
    let faultOf: FaultOf | undefined;
    return (text, kind, queries) => (faultOf ??= this.judgeOf(task, inputs, shown))(text, kind, queries);
  }

  private judgeOf(task: Task, inputs: PromptInputs, shown: readonly string[]): FaultOf {
    // Completions all begin with the user's query: what they add is what tells them apart.
    const added = (text: string): string => (task.query.completes ? text.slice(beginningOf(inputs.query).lastIndexOf(' ') + 1) : text);
    const likeQuery = task.query.completes ? undefined : likenessOf(inputs.query);
    const likeHistory = task.query.completes ? [] : inputs.history.map(likenessOf);
    const likeShown = shown.map((text) => likenessOf(added(text)));
    const language = languageAsked(inputs.query, inputs.response);
    const phrases = this.phrasesOf(task.instruction);
    const likenesses = new Map<string, Likeness>();
    const likenessOfQuery = (query: string): Likeness => {
      const likeness = likenesses.get(query) ?? likenessOf(added(query));
      likenesses.set(query, likeness);
      return likeness;
    };
    const likeAny = (text: Likeness, others: readonly Likeness[]): boolean => others.some((other) => tellTheSame(text, other));
    return (text, kind, queries) => {
      const unsafe = this.options.safety?.reasonOf(text)?.fault;
      if (unsafe !== undefined) return unsafe;
      if (leaks(text, phrases)) return 'prompt_leak';
      if (this.options.language && text !== '' && !follows(text, language)) return 'language';
      if (kind === 'auxiliary' || !this.options.nearDuplicates) return undefined;
      const likeness = likenessOfQuery(text);
      if (likeQuery !== undefined && tellTheSame(likeness, likeQuery)) return 'like_query';
      if (likeAny(likeness, queries.map(likenessOfQuery))) return 'like_list';
      if (likeAny(likeness, likeHistory)) return 'like_history';
      return likeAny(likeness, likeShown) ? 'like_shown' : undefined;
    };
  }

  private phrasesOf(instruction: string): ReadonlySet<string> {
    if (this.phrases?.instruction !== instruction) this.phrases = { instruction, all: phrasesOf(instruction) };
    return this.phrases.all;
  }
}
