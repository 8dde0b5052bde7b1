import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LABELS, type LabelledText } from '../../domain/relevance/agreement.js';
import type { Fault } from '../../domain/world/lint-topics.js';
import { WorldError } from '../world-error.js';
import { decode } from '../yaml/yaml-file.js';

const schema = z.strictObject({
  scene: z.string().min(1, 'is empty; name a topic, or topic/request'),
  need: z.string().min(1, 'is empty; name an intent or a facet'),
  text: z.string().min(1, 'is empty; write a text'),
  label: z.enum(LABELS, `is no label; use ${LABELS.join(', ')}`),
  kind: z.string().min(1, 'is empty; say how the text was made'),
});

/** Reads labelled texts, by default `<worldDir>/judgements.jsonl`. @throws WorldError naming every line that is wrong */
export function readLabelledTexts(worldDir: string, name = 'judgements.jsonl'): LabelledText[] {
  const file = join(worldDir, name);
  const decoded = decode(file, readFileSync(file));
  if ('fault' in decoded) throw new WorldError([decoded.fault]);
  const faults: Fault[] = [];
  const texts: LabelledText[] = [];
  for (const [at, line] of decoded.text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = schema.safeParse(parseJson(line));
    if (parsed.success) texts.push(parsed.data);
    for (const issue of parsed.error?.issues ?? []) {
      const [problem = '', remedy = 'write {"scene", "need", "text", "label", "kind"}'] = issue.message.split('; ');
      faults.push({ file, line: at + 1, problem: `${issue.path.join('.') || 'the line'}: ${problem}`, remedy });
    }
  }
  if (faults.length > 0) throw new WorldError(faults);
  return texts;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
