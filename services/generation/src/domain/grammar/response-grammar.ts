import type { LineRule } from './line-rule.js';

/** A line of a response. */
export interface ResponseLine {
  /** What the line begins with and is given rather than drawn, such as "Prefix:"; empty for a query. */
  readonly head: string;
  readonly rule: LineRule;
}

/** Ends each line of a response: auxiliary texts and queries alike. The separator of Template 1. */
export const SEPARATOR = '\n';

/** Within a character class: controls, bars, invisible and broken characters. The same as NEVER in line-rule.ts. */
const NEVER = '\\x00-\\x1f\\x7f-\\x9f|\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufffd';
const CHARACTER = `[^ ${NEVER}]`;
/** A line begins with a letter or a digit: ASCII ones, or what lies above the punctuation of Latin-1. */
const FIRST = `[^\\x20-\\x2f:-@\\[-\`{-~\\xa0-\\xbf\\u2000-\\u206f\\u3000-\\u303f${NEVER}]`;

/**
 * The grammar of some lines as one regular expression without look-around, for backends that enforce one while they sample. It cannot
 * say which texts are excluded nor how many words are too many, holds the number of characters but for spaces, and a beginning to its
 * case; so a line that it let through is checked by `obeys` before it is passed on.
 * @param ends whether the response ends behind the last line; otherwise its separator belongs to the expression
 */
export function regexOf(lines: readonly ResponseLine[], ends: boolean): string {
  return lines.map((line, at) => lineRegex(line) + (ends && at === lines.length - 1 ? '' : '\\n')).join('');
}

function lineRegex({ head, rule }: ResponseLine): string {
  const start = rule.beginning === '' ? FIRST : `${escape(rule.beginning)}(?: ?${CHARACTER})`;
  const left = Math.max(0, rule.maxCharacters - Math.max(1, rule.beginning.length));
  const body = `${rule.afterHead ? ' ' : ''}${start}(?: ?${CHARACTER}){0,${String(left)}}`;
  return escape(head) + (rule.mayBeEmpty ? `(?:${body})?` : body);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
