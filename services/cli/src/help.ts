import type { Action } from './context.js';

/** Is given what a command is to do. */
export type Run = (action: Action) => Promise<void>;

/** Examples as help shows them; lines that begin with "#" are remarks. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => (line.startsWith('#') ? `  ${line}` : `  $ ${line}`)).join('\n')}\n`;
}
