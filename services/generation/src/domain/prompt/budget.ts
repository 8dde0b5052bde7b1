import type { InputSection, Task } from '../tasks/task.js';
import { neutralise } from './neutralise.js';
import type { Tokenizer } from './tokenizer.js';

/** Everything that a prompt may be made of, as it came from the caller. */
export interface PromptInputs {
  readonly query: string;
  readonly response: string;
  /** Earlier queries of the session, oldest first. */
  readonly history: readonly string[];
  /** Queries that other users asked next, best first. */
  readonly cooccurrence: readonly string[];
  readonly sideInformation: Readonly<Record<string, string>>;
}

/** A section with what is left of its input. */
export interface FilledSection {
  readonly section: InputSection;
  /** Empty if it is left out. */
  readonly text: string;
  readonly tokens: number;
  /** Whether some of the input gave way. */
  readonly shortened: boolean;
}

/** Between the items of a list. Neutralised texts have no "|". */
const ITEM_SEPARATOR = ' | ';
/** No token of a byte-pair vocabulary spans more characters of ordinary text; what lies beyond cannot be within the budget. */
const MAX_CHARACTERS_PER_TOKEN = 16;

/** A section's content while it is being shortened: a text, cut at its end, or items, of which the least wanted go first. */
interface Content {
  readonly section: InputSection;
  items: string[];
  readonly isList: boolean;
  /** Which end of the list goes first. */
  readonly drop: 'first' | 'last';
  tokens: number;
  shortened: boolean;
}

function cut(text: string, tokens: number, tokenizer: Tokenizer): string {
  const ids = tokenizer.encode(text);
  if (ids.length <= tokens) return text;
  // A character may span tokens: half of one decodes to U+FFFD.
  return tokenizer
    .decode(ids.slice(0, Math.max(0, tokens)))
    .replace(/\ufffd+$/, '')
    .trimEnd();
}

function measure(content: Content, tokenizer: Tokenizer): void {
  content.tokens = content.items.length === 0 ? 0 : tokenizer.encode(content.items.join(ITEM_SEPARATOR)).length;
}

function shortenTo(content: Content, tokens: number, tokenizer: Tokenizer): void {
  if (content.tokens <= tokens) return;
  content.shortened = true;
  if (!content.isList) {
    content.items = content.items.map((text) => cut(text, tokens, tokenizer)).filter((text) => text !== '');
    measure(content, tokenizer);
    return;
  }
  while (content.items.length > 0 && content.tokens > tokens) {
    if (content.drop === 'first') content.items.shift();
    else content.items.pop();
    measure(content, tokenizer);
  }
}

/** The input of a section, before it is held to any number of tokens. */
function contentOf(section: InputSection, inputs: PromptInputs): Content {
  const limit = section.tokens * MAX_CHARACTERS_PER_TOKEN;
  const content = (texts: readonly string[], kept: readonly string[], drop: Content['drop']): Content => ({
    section,
    items: kept.map((text) => neutralise(text.slice(0, limit))).filter((text) => text !== ''),
    isList: section.name === 'history' || section.name === 'cooccurrence',
    drop,
    tokens: 0,
    shortened: kept.length < texts.length || kept.some((text) => text.length > limit),
  });
  const { query, response, history, cooccurrence, sideInformation } = inputs;
  switch (section.name) {
    case 'query':
      return content([query], [query], 'last');
    case 'response':
      return content([response], [response], 'last');
    case 'history':
      return content(history, history.slice(-section.items), 'first');
    case 'cooccurrence':
      return content(cooccurrence, cooccurrence.slice(0, section.items), 'last');
    default: {
      const text = sideInformation[section.name] ?? '';
      return content([text], [text], 'last');
    }
  }
}

/**
 * Fills a task's sections within its token budgets. First every section is held to its own limit; then, while all of them together
 * exceed the task's budget, the sections give way in the order of `budget.shorten`, each wholly before the next is touched.
 * All sections of the task are returned, in order, those without a text too.
 */
export function fillSections(task: Task, inputs: PromptInputs, tokenizer: Tokenizer): FilledSection[] {
  const contents = task.inputs.map((section): Content => {
    const content = contentOf(section, inputs);
    measure(content, tokenizer);
    shortenTo(content, section.tokens, tokenizer);
    return content;
  });
  for (const name of task.budget.shorten) {
    const excess = contents.reduce((sum, { tokens }) => sum + tokens, 0) - task.budget.tokens;
    if (excess <= 0) break;
    const content = contents.find(({ section }) => section.name === name);
    if (content !== undefined) shortenTo(content, Math.max(0, content.tokens - excess), tokenizer);
  }
  return contents.map(({ section, items, tokens, shortened }) => ({ section, text: items.join(ITEM_SEPARATOR), tokens, shortened }));
}
