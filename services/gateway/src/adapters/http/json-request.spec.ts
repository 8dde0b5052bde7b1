import { InvalidRequestError } from '@gqr/chassis/errors';
import { RecommendRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { describe, expect, it } from 'vitest';
import { readMessage } from './json-request.js';

const read = (text: string | Buffer) => readMessage(RecommendRequestSchema, Buffer.from(text));

function violationsOf(text: string | Buffer): string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.violations.map(({ field, description }) => `${field}: ${description}`);
    throw error;
  }
  return [];
}

describe('a JSON body', () => {
  it('may have names as JSON writes them or as the contract does, and null for what is left out', () => {
    const message = read('{"taskId":"hint","session_id":"s","history":[{"query":"q"}],"userId":null,"sideInformation":{"a":"b"}}');
    expect(message).toMatchObject({ taskId: 'hint', sessionId: 's', history: [{ query: 'q' }], userId: '', sideInformation: { a: 'b' } });
  });

  it.each([
    ['', 'body: must not be empty; send a JSON object'],
    ['{"query":', 'body: is not valid JSON'],
    ['[]', 'body: must be a JSON object'],
    ['null', 'body: must be a JSON object'],
    ['"text"', 'body: must be a JSON object'],
    ['{"query":5}', 'query: must be a text'],
    ['{"explain":"yes"}', 'explain: must be true or false'],
    ['{"count":-1}', 'count: must be an integer from 0 on'],
    ['{"count":1.5}', 'count: must be an integer from 0 on'],
    ['{"traffic":"TRAFFIC_NONE"}', 'traffic: must be one of TRAFFIC_UNSPECIFIED, TRAFFIC_LIVE, TRAFFIC_SIMULATED'],
    ['{"occurredAt":"yesterday"}', 'occurred_at: must be a Timestamp, for example "2026-11-23T12:00:00Z"'],
    ['{"history":{}}', 'history: must be a JSON array'],
    ['{"history":[{"query":"q"},7]}', 'history[1]: must be a JSON object'],
    ['{"history":[{"query":["q"]}]}', 'history[0].query: must be a text'],
    ['{"history":[{"text":"q"}]}', 'history[0].text: is not a field of Turn; its fields: query, response'],
    ['{"sideInformation":{"a":1}}', 'side_information: must be a JSON object of texts'],
    ['{"query":"a\\ud800"}', 'query: has an unpaired surrogate; send valid Unicode'],
    ['{"sideInformation":{"a":"\\udfff"}}', 'side_information: has an unpaired surrogate; send valid Unicode'],
    ['{"query":"a","query":"b"}', 'body: is not a RecommendRequest in JSON; a name may stand in it twice'],
  ])('like %s is refused with the field and the remedy', (text, violation) => {
    expect(violationsOf(text)).toEqual([violation]);
  });

  it('is told of every field that is unknown or of the wrong kind', () => {
    const fields = violationsOf('{"foo":1,"count":"x","history":[{"query":1,"bar":2}],"__proto__":{},"a b":0}').map(
      (line) => line.split(':')[0],
    );
    expect(fields).toEqual(['foo', 'count', 'history[0].query', 'history[0].bar', '__proto__', '"a b"']);
  });

  it('must be UTF-8', () => {
    const bytes = Buffer.from('{"query":"caf\u00e9"}', 'latin1');
    expect(violationsOf(bytes)).toEqual(['body: is not valid UTF-8; encode all texts as UTF-8']);
  });

  it('must have been sent as JSON', () => {
    expect(() => readMessage(RecommendRequestSchema, 'query=x')).toThrow('send the body as application/json');
  });

  it('keeps a name that stands for a prototype as an ordinary one', () => {
    const { sideInformation } = read('{"sideInformation":{"__proto__":"x"}}');
    expect(Object.keys(sideInformation)).toEqual(['__proto__']);
  });
});
