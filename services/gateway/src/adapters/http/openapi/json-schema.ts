import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { contractComments } from './contract-comments.js';

/** A JSON Schema, 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const INT32: JsonSchema = { type: 'integer', format: 'int32' };
const UINT32: JsonSchema = { type: 'integer', minimum: 0, maximum: 4_294_967_295 };
const INT64: JsonSchema = { type: 'string', pattern: '^-?[0-9]+$' };
const UINT64: JsonSchema = { type: 'string', pattern: '^[0-9]+$' };
const NUMBER: JsonSchema = { type: 'number' };

/** Scalars as proto3 JSON writes them: 64-bit integers are texts. */
const SCALARS: Readonly<Record<ScalarType, JsonSchema>> = {
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: { type: 'string', contentEncoding: 'base64' },
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.DOUBLE]: NUMBER,
  [ScalarType.FLOAT]: NUMBER,
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
};

/** Messages that proto3 JSON writes in a way of their own. */
const WELL_KNOWN: Readonly<Record<string, JsonSchema>> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$' },
  'google.protobuf.Any': { type: 'object', properties: { '@type': { type: 'string' } }, required: ['@type'] },
};

export function commentOf(name: string): { description?: string } {
  const description = contractComments[name];
  return description === undefined ? {} : { description };
}

/** The components of an OpenAPI document that stand for messages and enums, by full name. */
export class SchemaComponents {
  private readonly schemas = new Map<string, JsonSchema>();

  /** A reference to a message, added with all that it leads to. Messages of requests are closed: unknown fields are refused. */
  reference(message: DescMessage, closed: boolean): JsonSchema {
    const wellKnown = WELL_KNOWN[message.typeName];
    if (wellKnown !== undefined) return wellKnown;
    this.add(message.typeName, () => this.messageSchema(message, closed));
    return { $ref: `#/components/schemas/${message.typeName}` };
  }

  toJSON(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private add(name: string, schema: () => JsonSchema): void {
    if (this.schemas.has(name)) return;
    // Before its content, so that a message that leads back to itself ends.
    this.schemas.set(name, {});
    this.schemas.set(name, schema());
  }

  private messageSchema(message: DescMessage, closed: boolean): JsonSchema {
    const properties = Object.fromEntries(
      message.fields.map((field) => [
        field.jsonName,
        { ...this.fieldSchema(field, closed), ...commentOf(`${message.typeName}.${field.name}`) },
      ]),
    );
    const oneofs = message.oneofs.map((oneof) => ({ oneOf: oneof.fields.map((field) => ({ required: [field.jsonName] })) }));
    return {
      type: 'object',
      ...commentOf(message.typeName),
      properties,
      ...(closed && { additionalProperties: false }),
      ...(oneofs.length > 0 && { allOf: oneofs }),
    };
  }

  private fieldSchema(field: DescField, closed: boolean): JsonSchema {
    switch (field.fieldKind) {
      case 'scalar':
        return SCALARS[field.scalar];
      case 'enum':
        return this.enumReference(field.enum);
      case 'message':
        return this.reference(field.message, closed);
      case 'list':
        return { type: 'array', items: this.elementSchema(field, closed) };
      case 'map':
        return { type: 'object', additionalProperties: this.elementSchema(field, closed) };
    }
  }

  private elementSchema(field: DescField & { fieldKind: 'list' | 'map' }, closed: boolean): JsonSchema {
    if (field.message !== undefined) return this.reference(field.message, closed);
    if (field.enum !== undefined) return this.enumReference(field.enum);
    return SCALARS[field.scalar];
  }

  private enumReference(desc: DescEnum): JsonSchema {
    this.add(desc.typeName, () => ({
      type: 'string',
      ...commentOf(desc.typeName),
      oneOf: desc.values.map(({ name }) => ({ const: name, ...commentOf(`${desc.typeName}.${name}`) })),
    }));
    return { $ref: `#/components/schemas/${desc.typeName}` };
  }
}
