import type { JsonValue } from '@bufbuild/protobuf';
import Table from 'cli-table3';

export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Where a command writes. With `json`, standard output carries one JSON document and nothing else. */
export class Terminal {
  private written = false;

  constructor(
    readonly json: boolean,
    private readonly out: Stream,
    /** Progress and remarks; never part of a command's result. */
    readonly err: Stream,
  ) {}

  /** The result of a command: called once. */
  result(document: JsonValue, text: string): void {
    if (this.written) throw new Error('a command has one result');
    this.written = true;
    this.out.write(this.json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`);
  }

  /** Something worth knowing beside the result. */
  remark(text: string): void {
    this.err.write(`${text}\n`);
  }
}

const NO_RULES = { 'top-mid': '', 'bottom-mid': '', 'mid-mid': '', 'left-mid': '', 'right-mid': '', middle: '  ' };
const NO_FRAME = {
  top: '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  right: '',
  mid: '',
};

/** A table without lines, which is read as easily by a person as by awk. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    chars: { ...NO_RULES, ...NO_FRAME },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push([...head], ...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Lines of "name   value", names in a column. */
export function fields(pairs: readonly (readonly [string, string | undefined])[]): string {
  const present = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
