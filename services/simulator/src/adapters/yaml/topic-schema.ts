import { z } from 'zod';
import type { Topic } from '../../domain/world/topic.js';

const missing = (what: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? `is missing; add ${what}` : `is wrong; it must be ${what}`),
});
const text = z.string(missing('a text (quote it if it looks like a number or a date)')).trim().min(1, 'is empty; write a text');
const id = z.string(missing('an id')).regex(/^[a-z0-9][a-z0-9-]*$/, 'is not an id; use lower-case letters, digits and "-"');
const weight = z.number(missing('a number above 0')).positive('is not above 0; give a weight above 0 or remove the entry');
const texts = (least: number) =>
  z.array(text, missing('a list of texts')).min(least, `has too few entries; write at least ${String(least)}`);
const concepts = z.array(texts(1), missing('a list of groups of words')).min(1, 'has no group; write at least one group of words');

const intent = z.strictObject({
  id,
  need: text,
  share: weight,
  phrasings: texts(3),
  concepts: concepts.min(2, 'has too few groups; write at least 2'),
  answer: text,
  next: z
    .array(z.strictObject({ to: id, weight }), missing('a list of {to, weight}'))
    .nullable()
    .transform((steps) => steps ?? []),
  leave: z.strictObject(
    {
      weight,
      to: z
        .array(id)
        .nullable()
        .default([])
        .transform((ids) => ids ?? []),
    },
    missing('{weight, to}'),
  ),
});

const facet = z.strictObject({ id, weight, phrasings: texts(2), concepts, becomes: text });

const request = z.strictObject({
  id,
  share: weight,
  phrasings: texts(3),
  draft: text,
  facets: z.array(facet, missing('a list of facets')).min(6, 'has too few facets; write at least 6'),
});

const topic = {
  id,
  domain: id,
  title: text,
  popularity: z.number(missing('a number from 1 to 10')).min(1, 'is below 1; use 1 to 10').max(10, 'is above 10; use 1 to 10'),
  entities: texts(1),
};

/** A topic file. Messages are "problem; remedy". */
export const topicSchema: z.ZodType<Topic> = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      ...topic,
      kind: z.literal('search'),
      intents: z.array(intent, missing('a list of intents')).min(8, 'has too few intents; write at least 8'),
    }),
    z.strictObject({
      ...topic,
      kind: z.literal('writing'),
      requests: z.array(request, missing('a list of requests')).min(6, 'has too few requests; write at least 6'),
    }),
  ],
  { error: 'is neither a search nor a writing topic; write "kind: search" or "kind: writing"' },
);

/** The file of synonyms. */
export const synonymsSchema = z.array(texts(2), missing('a list of groups of words'));
