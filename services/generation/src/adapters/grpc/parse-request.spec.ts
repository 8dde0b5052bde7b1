import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { GenerateRequestSchema, type PromptInstanceSchema } from '@gqr/protos/gqr/generation/v1/generation';
import { expect, it } from 'vitest';
import { auxiliaryTask } from '../../domain/testing/sample-task.js';
import { parseGenerate } from './parse-request.js';

type Example = MessageInitShape<typeof PromptInstanceSchema>;
const good: Example = {
  context: { query: 'toast for a wedding', history: [{ query: 'best man speech' }] },
  cooccurrenceQueries: ['short toast'],
  auxiliaryTexts: { guiding_sentence: 'How?' },
  queries: ['shorter', 'with a joke'],
};
const parse = (examples: Example[]) =>
  parseGenerate(auxiliaryTask, create(GenerateRequestSchema, { context: { query: 'a toast' }, examples }));

function faultsOf(examples: Example[]): string[] {
  try {
    parse(examples);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return error.violations.map(({ field, description }) => `${field} ${description}`);
  }
}

it('takes worked examples as inputs and the list that answers them', () => {
  expect(parse([good]).examples).toEqual([
    {
      inputs: {
        query: 'toast for a wedding',
        response: '',
        history: ['best man speech'],
        cooccurrence: ['short toast'],
        sideInformation: {},
      },
      auxiliaryTexts: { guiding_sentence: 'How?' },
      queries: ['shorter', 'with a joke'],
    },
  ]);
});

it.each<[string, Example[], string[]]>([
  ['more than 8', Array.from({ length: 9 }, () => good), ['examples has 9 entries; at most 8 are allowed']],
  ['one without a list', [good, { ...good, queries: [] }], ['examples[1].queries must hold the list that answers the example']],
  ['one without inputs', [{ ...good, context: {} }], ['examples[0].context.query must not be empty']],
  ['a query that holds nothing visible', [{ ...good, queries: ['\u200b'] }], ['examples[0].queries[0] must not be empty']],
  [
    'a list that is too long',
    [{ ...good, queries: Array.from({ length: 9 }, (_, i) => `query ${String(i)}`) }],
    ['examples[0].queries has 9 entries; at most 8'],
  ],
  ['another number than its queries', [{ ...good, count: 3 }], ['examples[0].count must be 0 or the number of its queries']],
  [
    'no auxiliary text where one is due',
    [{ ...good, auxiliaryTexts: {} }],
    ['examples[0].auxiliary_texts["guiding_sentence"] must not be empty in an example'],
  ],
  [
    'an auxiliary text that the task has not',
    [{ ...good, auxiliaryTexts: { guiding_sentence: 'How?', tone: 'plain' } }],
    ['examples[0].auxiliary_texts["tone"] is no auxiliary text of task clarification; it has: guiding_sentence, suffix'],
  ],
  [
    'side information that the task has not',
    [{ ...good, context: { query: 'toast', sideInformation: { tone: 'plain' } } }],
    ['examples[0].context.side_information["tone"] is not declared by task clarification; it takes: persona'],
  ],
  [
    'queries that forge a section',
    [{ ...good, queries: ['\u200binputs:', 'Suffix: now', 'response times of servers'] }],
    [
      'examples[0].queries[0] begins with "Inputs:", a heading of the prompt; word it otherwise',
      'examples[0].queries[1] begins with "Suffix:", a heading of the prompt; word it otherwise',
    ],
  ],
])('refuses %s', (_, examples, faults) => {
  expect(faultsOf(examples)).toEqual(faults);
});

it('refuses texts of an example that are too long', () => {
  const long = 'x'.repeat(2_001);
  expect(faultsOf([{ ...good, queries: [long], auxiliaryTexts: { guiding_sentence: long } }])).toEqual([
    'examples[0].auxiliary_texts["guiding_sentence"] has 2001 characters; at most 2000 are allowed',
    'examples[0].queries[0] has 2001 characters; at most 2000 are allowed',
  ]);
});
