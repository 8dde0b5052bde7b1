import {
  type DescField,
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf';
import { InvalidRequestError } from '@gqr/chassis/errors';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import { pathName, Violations } from '../contract/violations.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a message from a body of proto3 JSON.
 * @throws InvalidRequestError with every field that is unknown or of the wrong kind
 */
export function readMessage<S extends DescMessage>(schema: S, body: unknown): MessageShape<S> {
  if (!(body instanceof Buffer)) throw new UnsupportedMediaTypeException('send the body as application/json');
  const text = decode(body);
  try {
    return fromJsonString(schema, text);
  } catch {
    explain(schema, text);
  }
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new InvalidRequestError([{ field: 'body', description: 'is not valid UTF-8; encode all texts as UTF-8' }]);
  }
}

/** Finds out what is wrong with JSON that is no message of this kind. */
function explain(schema: DescMessage, text: string): never {
  const violations = new Violations();
  let json: JsonValue | undefined;
  try {
    json = JSON.parse(text) as JsonValue;
  } catch {
    violations.add('body', text.trim() === '' ? 'must not be empty; send a JSON object' : 'is not valid JSON');
  }
  if (json !== undefined) checkMessage(violations, schema, json, '');
  violations.throwIfAny();
  throw new InvalidRequestError([{ field: 'body', description: `is not a ${schema.name} in JSON; a name may stand in it twice` }]);
}

function checkMessage(violations: Violations, schema: DescMessage, json: JsonValue, path: string): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    violations.add(path === '' ? 'body' : path, 'must be a JSON object');
    return;
  }
  for (const [name, value] of Object.entries(json)) {
    const field = schema.fields.find((candidate) => candidate.name === name || candidate.jsonName === name);
    const at = `${path === '' ? '' : `${path}.`}${field?.name ?? pathName(name)}`;
    if (field === undefined) violations.add(at, `is not a field of ${schema.name}; its fields: ${fieldNames(schema)}`);
    else checkField(violations, schema, field, value, at);
  }
}

function checkField(violations: Violations, schema: DescMessage, field: DescField, value: JsonValue, at: string): void {
  const message = field.message;
  if (message !== undefined && !message.typeName.startsWith('google.protobuf.')) {
    if (field.fieldKind === 'message' && value !== null) checkMessage(violations, message, value, at);
    if (field.fieldKind === 'list' && Array.isArray(value)) {
      value.forEach((item, index) => {
        checkMessage(violations, message, item, `${at}[${String(index)}]`);
      });
      return;
    }
    if (field.fieldKind === 'message') return;
  }
  try {
    fromJson(schema, { [field.jsonName]: value });
  } catch {
    violations.add(at, hasBrokenText(value) ? 'has an unpaired surrogate; send valid Unicode' : `must be ${kindOf(field)}`);
  }
}

/** Whether the value is a text, or an object of texts, that Unicode has no encoding for. */
function hasBrokenText(value: JsonValue): boolean {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value).flat() : [value];
  return parts.some((part) => typeof part === 'string' && !part.isWellFormed());
}

function fieldNames(schema: DescMessage): string {
  return schema.fields.map((field) => field.jsonName).join(', ');
}

/** What a field takes, in words. */
function kindOf(field: DescField): string {
  switch (field.fieldKind) {
    case 'scalar':
      return KINDS.get(field.scalar) ?? 'a number';
    case 'enum':
      return `one of ${field.enum.values.map((value) => value.name).join(', ')}`;
    case 'list':
      return 'a JSON array';
    case 'map':
      return 'a JSON object of texts';
    case 'message':
      return `a ${field.message.name}, for example ${EXAMPLES[field.message.name] ?? '{}'}`;
  }
}

const KINDS = new Map([
  [ScalarType.STRING, 'a text'],
  [ScalarType.BOOL, 'true or false'],
  [ScalarType.UINT32, 'an integer from 0 on'],
]);

const EXAMPLES: Readonly<Record<string, string>> = { Timestamp: '"2026-11-23T12:00:00Z"', Duration: '"1.5s"' };
