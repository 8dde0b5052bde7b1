import type { ResponseLine } from '../grammar/response-grammar.js';
import { neutralise } from './neutralise.js';
import type { AuxiliaryText, Task } from '../tasks/task.js';

/** The line of an auxiliary text; a text that is not empty follows its head after a space. */
export function auxiliaryLine({ label, mayBeEmpty, maxCharacters }: AuxiliaryText): ResponseLine {
  return {
    head: `${label}:`,
    rule: { afterHead: true, mayBeEmpty, beginning: '', maxCharacters, maxWords: Number.MAX_SAFE_INTEGER, excluded: new Set() },
  };
}

/** The line of a query that must not be one of the normalised texts `excluded`. */
export function queryLine({ query }: Task, userQuery: string, excluded: ReadonlySet<string>): ResponseLine {
  const beginning = query.completes ? beginningOf(userQuery) : '';
  const words = beginning === '' ? 0 : beginning.trim().split(' ').length;
  return {
    head: '',
    rule: {
      afterHead: false,
      mayBeEmpty: false,
      beginning,
      maxCharacters: query.maxCharacters,
      maxWords: query.maxWords + words,
      excluded,
    },
  };
}

/** What completions begin with. A space that was typed at the end says that the last word is complete. */
export function beginningOf(userQuery: string): string {
  return `${neutralise(userQuery)}${/\s$/.test(userQuery) ? ' ' : ''}`;
}

/** The lines of a response as they stand, heads included. */
export function responseLines(task: Task, auxiliaryTexts: Readonly<Record<string, string>>, queries: readonly string[]): string[] {
  const heads = task.auxiliaryTexts.map((auxiliary) => {
    const text = neutralise(auxiliaryTexts[auxiliary.name] ?? '');
    return `${auxiliaryLine(auxiliary).head}${text === '' ? '' : ` ${text}`}`;
  });
  return [...heads, ...queries.map(neutralise)];
}
