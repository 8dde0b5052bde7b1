import { type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { messageOf } from '../errors.js';

/**
 * A request that is no valid encoding of its message. Decoding returns it rather than throw, because grpc-js turns a throwing
 * decoder into INTERNAL, and a caller's mistake is INVALID_ARGUMENT; `rejectMalformed` of the server answers it.
 */
export class MalformedRequest {
  constructor(
    readonly field: string,
    readonly description: string,
  ) {}
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Path of the first string field that is not UTF-8; undefined if there is none before the encoding itself breaks. */
function findBadText(message: DescMessage, bytes: Uint8Array): string | undefined {
  const reader = new BinaryReader(bytes);
  const seen = new Map<number, number>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = message.fields.find((candidate) => candidate.number === number);
    if (field === undefined || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const value = reader.bytes();
    const index = seen.get(number) ?? 0;
    seen.set(number, index + 1);
    const name = field.fieldKind === 'list' ? `${field.name}[${String(index)}]` : field.name;
    if (field.scalar === ScalarType.STRING && field.fieldKind !== 'map' && !isUtf8(value)) return name;
    if (field.message !== undefined && field.fieldKind !== 'map') {
      const inner = findBadText(field.message, value);
      if (inner !== undefined) return `${name}.${inner}`;
    }
    if (field.fieldKind === 'map' && !mapEntryIsUtf8(value)) return name;
  }
  return undefined;
}

/** Whether key and value of a map<string, string> entry are UTF-8. */
function mapEntryIsUtf8(entry: Uint8Array): boolean {
  const reader = new BinaryReader(entry);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      if (!isUtf8(reader.bytes())) return false;
    } else reader.skip(wireType, number);
  }
  return true;
}

/** Says which field of a request could not be decoded, and why. */
export function explainMalformed(message: DescMessage, bytes: Uint8Array, cause: unknown): MalformedRequest {
  let field: string | undefined;
  try {
    field = findBadText(message, bytes);
  } catch {
    field = undefined; // the encoding itself is broken, so no field can be named
  }
  if (field !== undefined) return new MalformedRequest(field, 'is not valid UTF-8; encode all texts as UTF-8');
  return new MalformedRequest(
    message.name,
    `is not a valid encoding of ${message.typeName} (${messageOf(cause)}); generate the client from protos/`,
  );
}
