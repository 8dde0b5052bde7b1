import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import { StatusSchema } from '@gqr/protos/google/rpc/status';
import { RecommendationService, RecommendRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { MAX_TIMEOUT_MS, TIMEOUT_HEADER } from '../http-limits.js';
import { NDJSON } from '../ndjson.js';
import { commentOf, type JsonSchema, SchemaComponents } from './json-schema.js';

/** Where an rpc is found over HTTP. */
interface Binding {
  readonly method: DescMethod;
  readonly verb: 'get' | 'post';
  readonly path: string;
  /** The message of the body, if it has one. */
  readonly body?: DescMessage;
}

const { recommend, streamRecommend, recordFeedback, listTasks } = RecommendationService.method;

const BINDINGS: readonly Binding[] = [
  { method: recommend, verb: 'post', path: '/v1/recommend', body: recommend.input },
  { method: streamRecommend, verb: 'post', path: '/v1/recommend:stream', body: RecommendRequestSchema },
  { method: recordFeedback, verb: 'post', path: '/v1/feedback', body: recordFeedback.input },
  { method: listTasks, verb: 'get', path: '/v1/tasks' },
];

const STREAM_NOTE = 'One message a line. The last line is the whole answer, or {"error": google.rpc.Status} if the stream broke off.';

const TIMEOUT_PARAMETER = {
  name: TIMEOUT_HEADER,
  in: 'header',
  description: 'Milliseconds in which the answer is wanted; the default is told by /v1/tasks.',
  schema: { type: 'integer', minimum: 1, maximum: MAX_TIMEOUT_MS },
};

function answerOf({ method }: Binding, components: SchemaComponents): JsonSchema {
  const schema = components.reference(method.output, false);
  const streamed = method.methodKind === 'server_streaming';
  return { description: streamed ? STREAM_NOTE : 'OK', content: { [streamed ? NDJSON : 'application/json']: { schema } } };
}

function operation(binding: Binding, components: SchemaComponents): JsonSchema {
  return {
    operationId: binding.method.name,
    ...commentOf(`${RecommendationService.typeName}.${binding.method.name}`),
    parameters: [TIMEOUT_PARAMETER],
    ...(binding.body && {
      requestBody: { required: true, content: { 'application/json': { schema: components.reference(binding.body, true) } } },
    }),
    responses: { 200: answerOf(binding, components), default: { $ref: '#/components/responses/Error' } },
  };
}

/** The HTTP twin of the contract as an OpenAPI 3.1 document, made from the descriptors of the contract itself. */
export function openApiDocument(): object {
  const components = new SchemaComponents();
  const paths = Object.fromEntries(BINDINGS.map((binding) => [binding.path, { [binding.verb]: operation(binding, components) }]));
  const error = components.reference(StatusSchema, false);
  return {
    openapi: '3.1.1',
    info: {
      title: 'GQR',
      version: 'v1',
      summary: 'Recommends clickable queries and takes their clicks',
      description: 'The HTTP twin of gqr.recommendation.v1.RecommendationService, in proto3 JSON.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components.toJSON(),
      responses: {
        Error: {
          description: 'google.rpc.Status. Its details hold ErrorInfo, BadRequest for bad input, RetryInfo where a retry makes sense.',
          headers: { 'retry-after': { description: 'Seconds to wait, where a retry makes sense', schema: { type: 'integer' } } },
          content: { 'application/json': { schema: error } },
        },
      },
    },
  };
}
