import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import type { Fault, Path } from '../../domain/world/lint-topics.js';

/** A file that fits its schema, and where its values stand. */
export interface YamlFile<T> {
  readonly file: string;
  readonly data: T;
  /** 1-based line of a value, or of the nearest thing around it that exists. */
  readonly lineOf: (path: Path) => number;
}

/** The text of a file. */
export type Decoded = { readonly text: string } | { readonly fault: Fault };

/** Decodes UTF-8; a file that is not names the line of its first broken byte. */
export function decode(file: string, bytes: Uint8Array): Decoded {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const lenient = new TextDecoder('utf-8').decode(bytes);
    const line = lenient.slice(0, lenient.indexOf('\ufffd')).split('\n').length;
    return { fault: { file, line, problem: 'is not valid UTF-8', remedy: 'save the file as UTF-8' } };
  }
}

/** Texts without quotes that a "#" cuts short: YAML takes what follows for a comment, without a word. */
function* cutTexts(file: string, document: Document, lines: LineCounter): Generator<Fault> {
  const cut: { text: string; at: number }[] = [];
  visit(document, {
    Scalar: (_, { comment, value, type, range }) => {
      if (comment && type === 'PLAIN' && typeof value === 'string') cut.push({ text: value, at: range?.[0] ?? 0 });
    },
  });
  for (const { text, at } of cut) {
    const remedy = 'put quotes around the text, or the comment on a line of its own';
    yield { file, line: lines.linePos(at).line, problem: `"${text}" ends at a "#", and the rest counts as a comment`, remedy };
  }
}

type Parsed<T> = YamlFile<T> | { readonly faults: Fault[] };

/** Reads a YAML file into what its schema says; where `texts` are what matters in it, no comment may stand behind one. */
export function parseYaml<T>(file: string, text: string, schema: z.ZodType<T>, { texts = false } = {}): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (path: Path): number => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
        return lines.linePos(Number(node.range[0])).line;
      }
    }
    return 1;
  };
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => ({
      file,
      line: lines.linePos(pos[0]).line,
      problem: `is not YAML (${message.split('\n')[0]?.replace(/ at line.*/, '') ?? ''})`,
      remedy: 'mend the indentation, or put quotes around a text that holds a colon or a "#"',
    }));
    return { faults };
  }
  const cut = texts ? [...cutTexts(file, document, lines)] : [];
  if (cut.length > 0) return { faults: cut };
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { file, data: parsed.data, lineOf };
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const [problem = '', remedy = 'correct it'] = issue.message.split('; ');
    return { file, line: lineOf(path), problem: `${path.join('.') || 'the file'}: ${problem}`, remedy };
  });
  return { faults };
}

/** Reads and parses a file of the world. */
export function readYaml<T>(file: string, schema: z.ZodType<T>, options?: { readonly texts: boolean }): Parsed<T> {
  const decoded = decode(file, readFileSync(file));
  return 'fault' in decoded ? { faults: [decoded.fault] } : parseYaml(file, decoded.text, schema, options);
}
