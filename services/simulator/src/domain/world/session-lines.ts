import type { Fault } from './lint-topics.js';

/** The queries of one session, in order. */
export interface SessionLine {
  /** 1-based. */
  readonly line: number;
  readonly queries: readonly string[];
}

/** A line of a file as it was read; undefined if it is not UTF-8. */
export type RawLine = string | undefined;

/** Columns before the queries (source, licence, id) hold one word each, in nearly all lines. */
const MOST_METADATA = 3;
const NEARLY_ALL = 0.95;
const LONGEST_QUERY = 500;
/** Ids are written in ASCII; a query in a language without blanks between its words is no id. */
const WORD = /^[\x21-\x7e]+$/;

/** How many columns at the beginning are no queries. */
function metadataColumns(rows: readonly (readonly string[])[]): number {
  let columns = 0;
  while (columns < MOST_METADATA) {
    const cells = rows.flatMap((row) => (row[columns] === undefined ? [] : [row[columns] ?? '']));
    const words = cells.filter((cell) => WORD.test(cell.trim())).length;
    if (cells.length === 0 || words / cells.length < NEARLY_ALL) break;
    columns++;
  }
  return columns;
}

function faultOf(queries: readonly string[]): { problem: string; remedy: string } | undefined {
  if (queries.length < 2) return { problem: `has ${queries.length} queries`, remedy: 'a session needs at least 2; remove the line' };
  for (const [at, query] of queries.entries()) {
    const name = `query ${at + 1}`;
    if (query.trim() === '') return { problem: `${name} is empty`, remedy: 'remove the tab before it or the line' };
    if (query.length > LONGEST_QUERY) {
      return { problem: `${name} has ${query.length} characters`, remedy: `shorten it to ${LONGEST_QUERY} or remove the line` };
    }
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    if (/[\u0000-\u001f\u007f\ufffd]/u.test(query))
      return { problem: `${name} holds control or replacement characters`, remedy: 'remove them' };
    if (!/[\p{L}\p{N}]/u.test(query)) return { problem: `${name} ("${query}") has no letter or digit`, remedy: 'remove it' };
    if (queries[at - 1]?.trim().toLowerCase() === query.trim().toLowerCase()) {
      return { problem: `${name} ("${query}") repeats the one before it`, remedy: 'remove one of the two' };
    }
  }
  return undefined;
}

/**
 * Reads the lines of a file of sessions: tab-separated, up to three columns of one word (source, licence, id), then the queries in order.
 * Lines with a fault are left out.
 */
export function parseSessionLines(file: string, lines: readonly RawLine[]): { sessions: SessionLine[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const rows: { line: number; cells: string[] }[] = [];
  for (const [at, text] of lines.entries()) {
    const line = at + 1;
    if (text === undefined) faults.push({ file, line, problem: 'is not valid UTF-8', remedy: 'save the file as UTF-8 or remove the line' });
    else if (text.trim() !== '') rows.push({ line, cells: text.replace(/\r$/, '').split('\t') });
  }
  const columns = metadataColumns(rows.map(({ cells }) => cells));
  const sessions: SessionLine[] = [];
  const seen = new Map<string, number>();
  for (const { line, cells } of rows) {
    const queries = cells.slice(columns);
    const key = cells.join('\t').toLowerCase();
    const first = seen.get(key);
    const fault = first === undefined ? faultOf(queries) : { problem: `is line ${first} again`, remedy: 'remove one of the two' };
    seen.set(key, first ?? line);
    if (fault === undefined) sessions.push({ line, queries: queries.map((query) => query.trim()) });
    else faults.push({ file, line, ...fault });
  }
  if (sessions.length === 0) {
    faults.push({
      file,
      line: 1,
      problem: 'has no session',
      remedy: 'write one a line: an id, then the queries in order, separated by tabs',
    });
  }
  return { sessions, faults: faults.sort((a, b) => a.line - b.line) };
}
