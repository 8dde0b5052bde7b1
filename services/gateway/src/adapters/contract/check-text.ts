import type { Violations } from './violations.js';

export interface TextRule {
  /** Largest number of characters, which are Unicode code points. */
  readonly max: number;
  /** Refuses a text of nothing but white space. */
  readonly required?: boolean;
  /**
   * Refuses control characters other than tab, line feed and carriage return. Nobody types them: they come from terminals and binary
   * data, and what else was lost on the way cannot be known. Answers of assistants may quote such data and are taken as they are.
   */
  readonly typed?: boolean;
}

/* eslint-disable-next-line no-control-regex -- control characters are what it looks for */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/u;

function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false;
  return text.length > 2 * max || Array.from(text).length > max;
}

/** Adds to `violations` what is wrong with a text. */
export function checkText(violations: Violations, field: string, text: string, rule: TextRule): void {
  const limit = rule.max.toLocaleString('en');
  if (rule.required === true && text.trim() === '') violations.add(field, `must not be empty; send 1 to ${limit} characters`);
  if (isLonger(text, rule.max)) violations.add(field, `must have at most ${limit} characters; shorten it`);
  if (!text.isWellFormed()) violations.add(field, 'has an unpaired surrogate; send valid Unicode');
  if (rule.typed !== true) return;
  const control = CONTROL.exec(text)?.[0].codePointAt(0);
  if (control === undefined) return;
  const name = `U+${control.toString(16).toUpperCase().padStart(4, '0')}`;
  violations.add(field, `has the control character ${name}; remove control characters other than tab and line breaks`);
}
