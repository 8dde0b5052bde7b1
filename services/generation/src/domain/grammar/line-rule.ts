import { normalise } from '@gqr/chassis/text/normalise';

/** What one line of a response may be: the grammar of an auxiliary text or a query. */
export interface LineRule {
  /** Whether the line goes on behind a head such as "Prefix:", and so begins with a space. */
  readonly afterHead: boolean;
  readonly mayBeEmpty: boolean;
  /** What the line begins with, in whatever case, and goes beyond; "" for anything. One line of plain text. */
  readonly beginning: string;
  readonly maxCharacters: number;
  readonly maxWords: number;
  /** Normalised texts that the line must not be. */
  readonly excluded: ReadonlySet<string>;
}

/** What a token may do at a point of a line. */
export type Verdict = 'continue' | 'end' | 'forbidden';

// eslint-disable-next-line no-control-regex -- control characters are what this is about
const NEVER = /[\u0000-\u001f\u007f-\u009f|\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f\ufeff]/;
/** What no query begins with: bullets, numbers of a list, quotation marks and other punctuation. Digits alone are fine ("3d printer"). */
const BAD_START = /^[\s\p{P}~`^*+=<>]/u;
const HAS_SUBSTANCE = /[\p{L}\p{N}]/u;
const BROKEN_CHARACTER = '\ufffd';
const BROKEN_CHARACTERS = /\ufffd+$/;
/** Bytes that no further ones make a character of, since another character stands behind them. */
const BROKEN_FOR_GOOD = /\ufffd[^\ufffd]/;

function isComplete(text: string, rule: LineRule): boolean {
  if (text.endsWith(BROKEN_CHARACTER)) return false;
  const bare = text.trim();
  if (bare === '') return rule.mayBeEmpty;
  if (rule.beginning !== '' && !goesBeyond(bare, rule.beginning)) return false;
  return HAS_SUBSTANCE.test(bare) && !rule.excluded.has(normalise(bare));
}

/** Whether a line that goes on could still begin, or does begin, with `beginning`. */
function agrees(line: string, beginning: string): boolean {
  const [a, b] = [line.replace(BROKEN_CHARACTERS, '').toLowerCase(), beginning.toLowerCase()];
  return a.startsWith(b) || b.startsWith(a);
}

function goesBeyond(line: string, beginning: string): boolean {
  return line.length > beginning.length && line.toLowerCase().startsWith(beginning.toLowerCase());
}

/** Whether a token with this text ends the line that it is appended to. */
export function endsLine(piece: string): boolean {
  return piece.startsWith('\n');
}

/**
 * Says what a token may do behind `text`, the line so far.
 * @param piece text of the token; a piece that begins with a line break, or the end of the response, ends the line
 * @param isEnd whether the token ends the response
 */
export function judge(text: string, piece: string, isEnd: boolean, rule: LineRule): Verdict {
  if (isEnd || endsLine(piece)) return isComplete(text, rule) ? 'end' : 'forbidden';
  if (piece === '' || NEVER.test(piece)) return 'forbidden';
  const next = text + piece;
  if (rule.afterHead && !next.startsWith(' ')) return 'forbidden';
  if (BROKEN_FOR_GOOD.test(next)) return 'forbidden';
  const body = rule.afterHead ? next.slice(1) : next;
  if (!agrees(body, rule.beginning)) return 'forbidden';
  if (rule.beginning === '' && BAD_START.test(body)) return 'forbidden';
  if (/\s\s/.test(body) || Array.from(body).length > rule.maxCharacters) return 'forbidden';
  return body.trim().split(/\s+/).length <= rule.maxWords ? 'continue' : 'forbidden';
}

/** Whether a whole line, trimmed and without its head, is what its rule allows; for lines that were not drawn token by token. */
export function obeys(line: string, rule: LineRule): boolean {
  if (NEVER.test(line) || line.includes(BROKEN_CHARACTER) || /\s\s/.test(line)) return false;
  if (rule.beginning === '' && BAD_START.test(line)) return false;
  if (Array.from(line).length > rule.maxCharacters || line.split(' ').length > rule.maxWords) return false;
  return isComplete(line, rule);
}
