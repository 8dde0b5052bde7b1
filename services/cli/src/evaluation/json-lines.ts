import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import { fileText } from '../arguments.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';

/** Records of a file, a JSON object a line. @throws CliFailure with file and line of the first that is none */
export function readJsonLines<T>(path: string, schema: z.ZodType<T>): T[] {
  return fileText(path)
    .split('\n')
    .map((line, at) => ({ line, where: `${path}:${String(at + 1)}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, where }) => parseLine(schema, line, where));
}

function parseLine<T>(schema: z.ZodType<T>, line: string, where: string): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : messageOf(error);
    throw new CliFailure(
      `${where} is no prompt: ${what}`,
      'Write one JSON object a line, for example {"taskId":"hint","query":"monstera care","history":["repot a monstera"]}.',
      ExitCode.WrongUsage,
    );
  }
}
