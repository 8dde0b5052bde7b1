import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type PersonalData, SafetyFilter } from '../../domain/quality/safety-filter.js';

const PERSONAL_DATA = ['email', 'phone', 'card', 'iban', 'ssn', 'street_address', 'ip_address'] as const satisfies PersonalData[];

const pattern = z
  .string()
  .min(3, 'must have 3 characters at least')
  .transform((text, context): RegExp => {
    try {
      return new RegExp(`(?<![\\p{L}\\p{N}])(?:${text})(?![\\p{L}\\p{N}])`, 'giu');
    } catch {
      context.addIssue({ code: 'custom', message: 'is no regular expression; escape symbols that stand for themselves by "\\"' });
      return z.NEVER;
    }
  });

const safetyFile = z.strictObject({
  topics: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z][a-z_]{0,39}$/, 'must be a lower-case word of letters and "_"'),
      refuse: z.array(pattern).min(1),
      allow: z.array(pattern).default([]),
    }),
  ),
  personal_data: z.array(z.enum(PERSONAL_DATA)),
});

/** A safety file that cannot be used; says where and what to do. */
export class SafetyFileError extends Error {
  override readonly name = 'SafetyFileError';
}

/** Reads the rules of the safety filter. @throws SafetyFileError with file and line of every fault */
export function readSafetyFile(file: string): SafetyFilter {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
  const at = (line: number, what: string): string => `${file}:${String(line)}: ${what}`;
  if (document.errors.length > 0)
    throw new SafetyFileError(
      document.errors.map(({ pos, message }) => at(lines.linePos(pos[0]).line, message.split('\n')[0] ?? '')).join('\n'),
    );
  const parsed = safetyFile.safeParse(document.toJS());
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const node = document.getIn(path, true);
      const line = isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1;
      return at(line, `${path.join('.')}: ${message}`);
    });
    throw new SafetyFileError(faults.join('\n'));
  }
  return new SafetyFilter({ topics: parsed.data.topics, personalData: parsed.data.personal_data });
}
