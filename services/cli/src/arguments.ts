import { readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { messageOf } from '@gqr/chassis/errors';
import { InvalidArgumentError } from 'commander';
import { ExitCode } from './exit-code.js';
import { CliFailure } from './failure.js';

/** An integer of at least `min`, as an argument of the command line. */
export function integerFrom(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`It must be an integer of at least ${String(min)}.`);
    }
    return value;
  };
}

/** An integer within bounds, both included. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = integerFrom(min)(text);
    if (value > max) throw new InvalidArgumentError(`It must be an integer from ${String(min)} to ${String(max)}.`);
    return value;
  };
}

/** A number above 0. */
export function decimalAboveZero(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Seconds, as milliseconds. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value * 1000;
}

export function hostAndPort(text: string): string {
  if (!/^.+:\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be host:port, for example 127.0.0.1:50051.');
  return text;
}

/** Collects name=value pairs of a repeated option. */
export function collectPair(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const split = text.indexOf('=');
  if (split <= 0) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) };
}

/** Collects the values of a repeated option. */
export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

/** Options of a run: numbers, true and false as what they are, everything else as text. */
export function runOptions(pairs: Readonly<Record<string, string>>): JsonObject {
  const value = (text: string): JsonValue => {
    if (text === 'true' || text === 'false') return text === 'true';
    return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  return Object.fromEntries(Object.entries(pairs).map(([name, text]) => [name, value(text)]));
}

/** The text of a file; "-" is standard input. @throws CliFailure */
export function fileText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new CliFailure(
      `${path} cannot be read: ${messageOf(error)}`,
      'Name a file that is there, or - for standard input.',
      ExitCode.WrongUsage,
    );
  }
}
