import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { create, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import {
  AuxiliaryTextsSchema,
  ListTasksResponseSchema,
  RecommendationSchema,
  type RecommendRequest,
  RecommendRequestSchema,
  type RecommendResponse,
  RecommendResponseSchema,
  type RecordFeedbackRequest,
  RecordFeedbackRequestSchema,
  RecordFeedbackResponseSchema,
  type StreamRecommendResponse,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { answerTo, TASKS } from './fixtures.js';

/** As strict as a gateway may be: nothing inline, nothing from elsewhere, no HTML from strings. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** A refusal: HTTP status and google.rpc.Status in JSON. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** A gateway without anything behind it: serves the built page and the HTTP/JSON contract, and remembers what it was asked. */
export class FakeGatewayServer {
  readonly requests: RecommendRequest[] = [];
  readonly feedback: RecordFeedbackRequest[] = [];
  /** What a task is answered with; may be changed at any time. */
  answer: (request: RecommendRequest) => RecommendResponse | Refusal = ({ taskId }) => answerTo(taskId);
  feedbackRefusal: Refusal | undefined;
  /** Waited for before each message of a stream, so that a test can say when it comes. */
  beforePiece: () => Promise<unknown> = () => Promise.resolve();
  /** Whether a stream breaks after its first query. */
  breaks = false;
  tasks = TASKS;

  private constructor(
    private readonly server: Server,
    /** Folder of the built page. */
    readonly site: string,
    readonly url: string,
  ) {}

  /** @param site folder of the built page */
  static async start(site: string, port = 0): Promise<FakeGatewayServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const fake = new FakeGatewayServer(server, site, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, reply) => void fake.handle(request, reply));
    return fake;
  }

  /** A gateway that comes back at the address of this one, which was closed. */
  reopen(): Promise<FakeGatewayServer> {
    return FakeGatewayServer.start(this.site, Number(new URL(this.url).port));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname;
    try {
      if (request.method === 'GET' && path === '/v1/tasks') send(reply, 200, toJsonString(ListTasksResponseSchema, this.tasks));
      else if (request.method === 'POST') await this.call(path, await bodyOf(request), reply);
      else serve(this.site, path, reply);
    } catch (error) {
      send(reply, 500, String(error));
    }
  }

  private async call(path: string, body: string, reply: ServerResponse): Promise<void> {
    if (path === '/v1/feedback') {
      const feedback = fromJsonString(RecordFeedbackRequestSchema, body);
      if (this.feedbackRefusal !== undefined) return send(reply, this.feedbackRefusal.status, this.feedbackRefusal.body);
      this.feedback.push(feedback);
      return send(reply, 200, toJsonString(RecordFeedbackResponseSchema, create(RecordFeedbackResponseSchema, { recorded: 1 })));
    }
    const streamed = path === '/v1/recommend:stream';
    const request = fromJsonString(RecommendRequestSchema, body);
    this.requests.push(request);
    const answer = this.answer(request);
    if ('body' in answer) return send(reply, answer.status, answer.body);
    answer.sessionId = request.sessionId;
    if (streamed) return this.stream(answer, reply);
    return send(reply, 200, toJsonString(RecommendResponseSchema, answer));
  }

  private async stream(response: RecommendResponse, reply: ServerResponse): Promise<void> {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const event of piecesOf(response)) {
      await this.beforePiece();
      if (this.breaks && event.case === 'response') break;
      reply.write(`${toJsonString(StreamRecommendResponseSchema, create(StreamRecommendResponseSchema, { event }))}\n`);
    }
    reply.end();
  }
}

/** The messages of a stream that ends in this answer: its queries unscored, as they come from the model. */
function piecesOf(response: RecommendResponse): StreamRecommendResponse['event'][] {
  const { auxiliaryTexts: texts, recommendations } = response;
  const pieces: StreamRecommendResponse['event'][] = [];
  if (Object.keys(texts).length > 0) pieces.push({ case: 'auxiliaryTexts', value: create(AuxiliaryTextsSchema, { texts }) });
  for (const { text, query, position, source } of recommendations) {
    pieces.push({ case: 'recommendation', value: create(RecommendationSchema, { text, query, position, source }) });
  }
  return [...pieces, { case: 'response', value: response }];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  return body;
}

function send(reply: ServerResponse, status: number, body: string): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function serve(site: string, path: string, reply: ServerResponse): void {
  const file = join(site, normalize(path === '/' ? '/index.html' : path));
  if (!existsSync(file)) return send(reply, 404, '{"statusCode":404,"message":"Not Found"}');
  reply.writeHead(200, {
    'content-type': MEDIA_TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_SECURITY_POLICY,
  });
  createReadStream(file).pipe(reply);
}
