import type { CallLimits } from '@gqr/chassis/grpc/call';
import { messageOf } from '@gqr/chassis/errors';
import { z } from 'zod';
import { PieceJoiner } from './piece-joiner.js';
import { serverSentData } from './server-sent-data.js';
import { type FaultKind, type ServerFacts, ServerFault, type TextPiece, type TextRequest, type TextServer, TOP_K } from './text-server.js';

const models = z.object({
  data: z.array(
    z.object({ id: z.string(), root: z.string().nullish(), parent: z.string().nullish(), max_model_len: z.number().nullish() }),
  ),
});
const version = z.object({ version: z.string() });
const failure = z.object({ error: z.object({ message: z.string() }) });
const chunk = z.object({
  choices: z.array(z.object({ text: z.string(), finish_reason: z.string().nullish(), token_ids: z.array(z.number()).nullish() })),
});
const scored = z.object({
  choices: z.tuple([z.object({ prompt_logprobs: z.array(z.record(z.string(), z.object({ logprob: z.number() })).nullable()) })]),
});

/**
 * A server that speaks OpenAI's completions over HTTP with vLLM's extensions: prompts as tokens, `structured_outputs`, `prompt_logprobs`,
 * and adapters that are loaded while it runs. Leaving the connection ends a request.
 */
export class OpenAiTextServer implements TextServer {
  private readonly base: string;

  /** @param apiKey sent as bearer token; empty for none */
  constructor(
    readonly address: string,
    private readonly apiKey: string,
  ) {
    this.base = address.replace(/\/$/, '');
  }

  async describe(limits: CallLimits): Promise<ServerFacts> {
    const listed = await this.json('/v1/models', models, limits);
    const base = listed.data.find(({ parent }) => parent === undefined || parent === null);
    if (base === undefined) throw new ServerFault('junk', this.address, 'it lists no model');
    this.baseModel = base.id;
    const said = await this.json('/version', version, limits);
    // It does not say whether adapters can be loaded; loading one shows.
    return { version: said.version, instanceId: '', contextTokens: base.max_model_len ?? 0, takesAdapters: true };
  }

  async checkReady(limits: CallLimits): Promise<void> {
    await this.request('/health', undefined, limits);
  }

  async *write(request: TextRequest, limits: CallLimits, heard: () => void): AsyncGenerator<TextPiece, void> {
    const { prompt, adapter, decoding, seed, regex, maxTokens } = request;
    const body = {
      model: this.modelOf(adapter),
      prompt,
      stream: true,
      return_token_ids: true,
      max_tokens: maxTokens,
      temperature: decoding.temperature,
      top_p: decoding.topP,
      min_p: decoding.minP,
      top_k: TOP_K,
      presence_penalty: decoding.diversity,
      seed: Number(BigInt.asUintN(53, seed)),
      structured_outputs: { regex },
      add_special_tokens: false,
    };
    const answer = await this.request('/v1/completions', body, limits, adapter);
    const pieces = new PieceJoiner();
    try {
      if (answer.body === null) throw new ServerFault('junk', this.address, 'the answer has no body');
      for await (const data of serverSentData(answer.body)) {
        heard();
        if (data === '[DONE]') break;
        const [choice] = this.parsed(data, chunk).choices;
        if (choice === undefined) continue;
        const end = this.endOf(choice.finish_reason);
        const piece = pieces.join(choice.text, choice.token_ids?.length ?? 1, end);
        if (piece !== undefined) yield piece;
        if (end !== undefined) return;
      }
    } catch (error) {
      throw this.translate(error, limits);
    }
    throw this.translate(new ServerFault('junk', this.address, 'the stream ended in the middle of the text'), limits);
  }

  async scorePrompt(tokens: readonly number[], adapter: string, limits: CallLimits): Promise<readonly number[]> {
    const body = {
      model: this.modelOf(adapter),
      prompt: tokens,
      max_tokens: 1,
      temperature: 0,
      prompt_logprobs: 0,
      add_special_tokens: false,
    };
    const { choices } = await this.json('/v1/completions', scored, limits, body, adapter);
    const values = choices[0].prompt_logprobs.map((place, at) => (at === 0 ? 0 : place?.[String(tokens[at])]?.logprob));
    if (values.length !== tokens.length || !values.every((value) => value !== undefined))
      throw new ServerFault(
        'junk',
        this.address,
        `it scored ${String(values.length)} of ${String(tokens.length)} tokens, or not those that were asked`,
      );
    return values;
  }

  async loadAdapter(name: string, folder: string, limits: CallLimits): Promise<void> {
    if ((await this.listAdapters(limits)).includes(name)) return;
    const answer = await this.request('/v1/load_lora_adapter', { lora_name: name, lora_path: folder }, limits);
    await answer.body?.cancel();
  }

  async unloadAdapter(name: string, limits: CallLimits): Promise<void> {
    if (!(await this.listAdapters(limits)).includes(name)) return;
    const answer = await this.request('/v1/unload_lora_adapter', { lora_name: name }, limits);
    await answer.body?.cancel();
  }

  async listAdapters(limits: CallLimits): Promise<readonly string[]> {
    const listed = await this.json('/v1/models', models, limits);
    return listed.data.filter(({ parent }) => typeof parent === 'string').map(({ id }) => id);
  }

  close(): void {
    // fetch keeps no connection of ours.
  }

  private baseModel = '';

  private modelOf(adapter: string): string {
    return adapter === '' ? this.baseModel : adapter;
  }

  private endOf(reason: string | null | undefined): TextPiece['end'] {
    if (reason === null || reason === undefined) return undefined;
    if (reason === 'stop') return 'whole';
    if (reason === 'length') return 'used-up';
    if (reason === 'abort') throw new ServerFault('gone', this.address, 'it gave the text up');
    throw new ServerFault('failed', this.address, `it ended the text for ${JSON.stringify(reason.slice(0, 40))}`);
  }

  private async json<T>(path: string, schema: z.ZodType<T>, limits: CallLimits, body?: object, adapter = ''): Promise<T> {
    const answer = await this.request(path, body, limits, adapter);
    try {
      return this.parsed(await answer.text(), schema);
    } catch (error) {
      throw this.translate(error, limits);
    }
  }

  private parsed<T>(text: string, schema: z.ZodType<T>): T {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ServerFault('junk', this.address, 'the answer is no JSON');
    }
    // A failure in the middle of a stream comes as an event like any other.
    const failed = failure.safeParse(value);
    if (failed.success) throw new ServerFault('failed', this.address, failed.data.error.message);
    const result = schema.safeParse(value);
    if (!result.success)
      throw new ServerFault('junk', this.address, `the answer lacks what it must have: ${z.prettifyError(result.error)}`);
    return result.data;
  }

  private async request(path: string, body: object | undefined, limits: CallLimits, adapter = ''): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(`${this.base}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(this.apiKey !== '' && { authorization: `Bearer ${this.apiKey}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: limits.signal,
      });
    } catch (error) {
      throw this.translate(error, limits);
    }
    if (answer.ok) return answer;
    const said = failure.safeParse(await answer.json().catch(() => undefined));
    const what = `${path}: ${String(answer.status)}${said.success ? `: ${said.data.error.message}` : ''}`;
    throw new ServerFault(kindOf(answer.status, adapter), this.address, what);
  }

  private translate(error: unknown, limits: CallLimits): unknown {
    if (limits.signal.aborted) return limits.signal.reason;
    if (error instanceof ServerFault) return error;
    return new ServerFault('gone', this.address, messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error));
  }
}

function kindOf(code: number, adapter: string): FaultKind {
  if (code === 404 && adapter !== '') return 'adapter-lost';
  if (code === 429) return 'full';
  if (code === 502 || code === 503 || code === 504) return 'gone';
  return code >= 500 ? 'failed' : 'refused';
}
