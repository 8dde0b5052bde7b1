import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import { fileText } from '../arguments.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';

/** What the lines of a file are. */
interface LineKind<T> {
  /** As it is called in an error. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /** A line of the kind. */
  readonly example: string;
}

/** Records of a file, a JSON object a line. @throws CliFailure with file and line of the first that is none */
export function readJsonLines<T>(path: string, kind: LineKind<T>): T[] {
  return fileText(path)
    .split('\n')
    .map((line, at) => ({ line, where: `${path}:${String(at + 1)}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, where }) => parseLine(kind, line, where));
}

function parseLine<T>({ name, schema, example }: LineKind<T>, line: string, where: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error);
    throw new CliFailure(`${where} is no ${name}: ${what}`, `Write one JSON object a line, for example ${example}.`, ExitCode.WrongUsage);
  }
}
