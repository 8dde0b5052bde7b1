import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { logprobOf } from './fake-vllm.js';

interface Asked {
  readonly model: string;
  readonly prompt: readonly number[];
  readonly prompt_logprobs?: number;
  readonly structured_outputs?: { readonly regex: string };
}

/** vLLM's OpenAI-compatible HTTP server, as far as a backend uses it, on a real socket. Its texts are one line of its own. */
export class FakeOpenAi {
  mood: 'well' | 'hung' | 'half' | 'junk' | 'failing' | 'full' = 'well';
  readonly adapters = new Set<string>();
  readonly asked: Asked[] = [];
  readonly keys: (string | undefined)[] = [];
  left = 0;

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(): Promise<FakeOpenAi> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const fake = new FakeOpenAi(server, `http://127.0.0.1:${String(typeof bound === 'object' ? bound?.port : '')}`);
    server.on('request', (request, response) => {
      void fake.answer(request, response);
    });
    return fake;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
    this.keys.push(request.headers.authorization);
    const json = (value: object, code = 200): void => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    switch (request.url) {
      case '/health':
        response.end();
        break;
      case '/version':
        json({ version: '0.33.0' });
        break;
      case '/v1/models': {
        const adapters = [...this.adapters].map((id) => ({ id, root: '/x', parent: 'base' }));
        json({ data: [{ id: 'base', root: 'base', parent: null, max_model_len: 512 }, ...adapters] });
        break;
      }
      case '/v1/load_lora_adapter':
        if (String(body['lora_path']).startsWith('/nowhere')) json({ error: { message: 'no adapter found' } }, 400);
        else response.end(String(this.adapters.add(String(body['lora_name'])).size));
        break;
      case '/v1/unload_lora_adapter':
        this.adapters.delete(String(body['lora_name']));
        response.end('ok');
        break;
      default:
        this.complete(body as unknown as Asked, response, json);
    }
  }

  private complete(asked: Asked, response: ServerResponse, json: (value: object, code?: number) => void): void {
    this.asked.push(asked);
    response.on('close', () => {
      if (!response.writableEnded) this.left++;
    });
    if (this.mood === 'hung') return;
    if (this.mood === 'full') {
      json({ error: { message: 'overloaded' } }, 429);
      return;
    }
    if (this.mood === 'failing') {
      json({ error: { message: 'engine is dead' } }, 500);
      return;
    }
    if (asked.model !== 'base' && !this.adapters.has(asked.model)) {
      json({ error: { message: `The model \`${asked.model}\` does not exist.` } }, 404);
      return;
    }
    if (asked.prompt_logprobs !== undefined) {
      const places = asked.prompt.map((id, at) =>
        at === 0 ? null : { [String(id)]: { logprob: -logprobOf(id) }, '99999': { logprob: -9 } },
      );
      json({ choices: [{ text: 'x', finish_reason: 'length', prompt_logprobs: places }] });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const event = (choice: object): void => {
      response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`);
    };
    if (this.mood === 'junk') response.write('data: <html>\n\n');
    event({ text: 'one fi', finish_reason: null, token_ids: [1, 2] });
    if (this.mood === 'half') {
      response.end();
      return;
    }
    event({ text: 'g', finish_reason: null, token_ids: [3] });
    event({ text: '', finish_reason: 'stop', token_ids: [0] });
    response.end('data: [DONE]\n\n');
  }
}
