import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { type ErrorRow, statusOf } from '@gqr/chassis/grpc/error-table';
import { toJsonError } from '@gqr/chassis/http/json-error';

export const NDJSON = 'application/x-ndjson';

/** Proto3 JSON with every field, so that readers need not know which ones are left out when empty. */
export function toFullJson<S extends DescMessage>(schema: S, message: MessageShape<S>): object {
  return toJson(schema, message, { alwaysEmitImplicit: true }) as object;
}

/** Takes the first message off, so that what fails before it can still be answered with a status of its own. */
export async function withFirst<T>(messages: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
}

/** One line of JSON for each message; what fails on the way is the last line, `{"error": google.rpc.Status}`. */
export async function* toLines<S extends DescMessage>(
  schema: S,
  messages: AsyncIterable<MessageShape<S>>,
  errors: readonly ErrorRow[],
): AsyncGenerator<string> {
  try {
    for await (const message of messages) yield `${JSON.stringify(toFullJson(schema, message))}\n`;
  } catch (error) {
    yield `${JSON.stringify({ error: toJsonError(statusOf(error, errors).rich) })}\n`;
  }
}
