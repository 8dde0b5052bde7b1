import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from './document.js';

const json = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, { description: string; requestBody?: { content: Record<string, { schema: object }> } }>>;
  components: { schemas: Record<string, { properties: Record<string, object>; additionalProperties?: boolean; oneOf?: object[] }> };
};

describe('the OpenAPI document', () => {
  it('is a valid one', async () => {
    expect(await new Validator().validate(structuredClone(json))).toEqual({ valid: true });
  });

  it('has every rpc, with the comment of the contract', () => {
    const operations = Object.entries(json.paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`));
    expect(operations).toEqual(['post /v1/recommend', 'post /v1/recommend:stream', 'post /v1/feedback', 'get /v1/tasks']);
    expect(json.paths['/v1/feedback']?.['post']?.description).toMatch(/^Records clicks\. Durable when it returns\./);
  });

  it('writes fields as proto3 JSON does', () => {
    const request = json.components.schemas['gqr.recommendation.v1.RecommendRequest'];
    expect(request?.properties).toMatchObject({
      taskId: { type: 'string' },
      history: { type: 'array', items: { $ref: '#/components/schemas/gqr.context.v1.Turn' } },
      count: { type: 'integer', minimum: 0 },
      sideInformation: { type: 'object', additionalProperties: { type: 'string' } },
      explain: { type: 'boolean' },
      traffic: { $ref: '#/components/schemas/gqr.events.v1.Traffic' },
      occurredAt: { type: 'string', format: 'date-time' },
    });
    expect(json.components.schemas['gqr.events.v1.Traffic']?.oneOf).toContainEqual({ const: 'TRAFFIC_LIVE', description: 'Real users.' });
    const evidence = json.components.schemas['gqr.recommendation.v1.CooccurrenceEvidence'];
    expect(evidence?.properties['count']).toMatchObject({ type: 'string', pattern: '^[0-9]+$' });
  });

  it('closes the messages of requests, and only these', () => {
    const closed = Object.entries(json.components.schemas).filter(([, schema]) => schema.additionalProperties === false);
    expect(closed.map(([name]) => name)).toEqual([
      'gqr.context.v1.Turn',
      'gqr.recommendation.v1.ClickFeedback',
      'gqr.recommendation.v1.RecommendRequest',
      'gqr.recommendation.v1.RecordFeedbackRequest',
    ]);
  });

  it('has the comments of the contract as it is now', () => {
    const script = fileURLToPath(new URL('../../../../../scripts/describe-contract.mjs', import.meta.url));
    expect(() => execFileSync(process.execPath, [script, '--check'])).not.toThrow();
  });
});
