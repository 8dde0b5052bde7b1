import { type DescMessage, type JsonValue, type MessageShape, toJson } from '@bufbuild/protobuf';

/** A message as the JSON document that --json prints: proto3 JSON names, and zeroes written out, so that scripts need no defaults. */
export function documentOf<D extends DescMessage>(schema: D, message: MessageShape<D>): JsonValue {
  return toJson(schema, message, { alwaysEmitImplicit: true });
}
