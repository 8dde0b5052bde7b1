import { create, fromJsonString } from '@bufbuild/protobuf';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import { messageOf } from '@gqr/chassis/errors';
import { type Turn, TurnSchema } from '@gqr/protos/gqr/context/v1/context';
import { QueryOrigin, Source } from '@gqr/protos/gqr/events/v1/events';
import {
  type Explanation,
  type RecommendRequest,
  RecommendRequestSchema,
  type RecommendResponse,
  RecommendResponseSchema,
  type Recommendation,
  RecommendationService,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { fileText } from '../arguments.js';
import { type Action, type Context, inTime, withService } from '../context.js';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import { keepLastImpression } from '../last-impression.js';
import { documentOf } from '../terminal/document.js';
import { fields, table } from '../terminal/terminal.js';

const SOURCES: Readonly<Record<number, string>> = {
  [Source.GENERATION]: 'language model',
  [Source.COOCCURRENCE]: 'co-occurrence',
  [Source.POPULAR]: 'popular',
};

/** What the command line says of a request. */
export interface RecommendOptions {
  readonly task?: string;
  readonly response?: string;
  readonly turn: readonly string[];
  readonly session?: string;
  readonly user?: string;
  readonly count?: number;
  readonly side: Readonly<Record<string, string>>;
  readonly clicked?: true;
  readonly request?: string;
  readonly explain?: true;
}

const DEFAULT_TASK = 'suggestion';

/** A request as written in a file. @throws CliFailure if it is none */
function parseRequest(text: string, file: string): RecommendRequest {
  try {
    return fromJsonString(RecommendRequestSchema, text);
  } catch (error) {
    throw new CliFailure(
      `${file} holds no request: ${messageOf(error)}`,
      'Write gqr.recommendation.v1.RecommendRequest in proto3 JSON, for example {"taskId":"hint","query":"monstera care"}',
      ExitCode.WrongUsage,
    );
  }
}

/** An earlier exchange, written as "query => answer". */
function turnOf(text: string): Turn {
  const [query = '', ...answer] = text.split('=>');
  return create(TurnSchema, { query: query.trim(), response: answer.join('=>').trim() });
}

/** The request that the options describe, over the one in their file if they name one. */
export function buildRequest(query: string | undefined, options: RecommendOptions): RecommendRequest {
  const request = options.request === undefined ? create(RecommendRequestSchema) : parseRequest(fileText(options.request), options.request);
  if (options.task !== undefined || request.taskId === '') request.taskId = options.task ?? DEFAULT_TASK;
  request.query = query ?? request.query;
  request.response = options.response ?? request.response;
  if (options.turn.length > 0) request.history = options.turn.map(turnOf);
  request.sessionId = options.session ?? request.sessionId;
  request.userId = options.user ?? request.userId;
  request.count = options.count ?? request.count;
  request.sideInformation = { ...request.sideInformation, ...options.side };
  if (options.clicked) request.queryOrigin = QueryOrigin.RECOMMENDATION;
  if (options.explain) request.explain = true;
  return request;
}

function percent(probability: number | undefined): string {
  return probability === undefined ? '' : `${(100 * probability).toFixed(1)}%`;
}

function describeList(recommendations: readonly Recommendation[]): string {
  const rows = recommendations.map(({ position, text, clickProbability, source }) => [
    `${String(position)}.`,
    text,
    percent(clickProbability),
    SOURCES[source] ?? '',
  ]);
  return rows.length === 0 ? 'Nothing to recommend.' : table(['', 'QUERY', 'P(CLICK)', 'FROM'], rows);
}

function describeExplanation(explanation: Explanation): string {
  const { decoding } = explanation;
  const evidence = explanation.cooccurrence.map(({ query, count, viaQuery }) => [
    query,
    String(count),
    viaQuery === '' ? '' : `via ${viaQuery}`,
  ]);
  const facts = fields([
    ['list reward', explanation.listReward?.toFixed(4)],
    ['prompt', explanation.promptVersion],
    [
      'tokens',
      `${String(explanation.promptTokens)} read (${String(explanation.cachedPromptTokens)} kept from before), ${String(explanation.completionTokens)} written`,
    ],
    [
      'decoding',
      decoding &&
        `temperature ${decoding.temperature.toFixed(2)}, top-p ${decoding.topP.toFixed(2)}, repetition penalty ${decoding.repetitionPenalty.toFixed(2)}, ` +
          `diversity ${decoding.diversity.toFixed(2)}, seed ${String(decoding.seed)}`,
    ],
    ['drawn again', explanation.redraws === 0 ? undefined : String(explanation.redraws)],
  ]);
  const cooccurrence = evidence.length === 0 ? '' : `\n\n${table(['ASKED NEXT BY OTHERS', 'COUNT', ''], evidence)}`;
  const prompt = explanation.prompt === '' ? '' : `\n\nprompt\n${explanation.prompt.replace(/^/gm, '  | ')}`;
  return `\n\n${facts}${cooccurrence}${prompt}`;
}

/** The answer as a person reads it. */
export function describeAnswer(answer: RecommendResponse): string {
  const { degradation, explanation } = answer;
  const facts = fields([
    ...Object.entries(answer.auxiliaryTexts).map(([name, text]) => [name.replaceAll('_', ' '), text] as const),
    ['degraded', degradation?.reasons.join(', ')],
    ['models', answer.modelVersions.map(({ kind, version }) => `${kind} ${version}`).join(', ')],
    ['time', answer.timings.map(({ phase, durationMs }) => `${phase} ${durationMs.toFixed(0)} ms`).join(', ')],
    ['impression', answer.impressionId],
  ]);
  const next = answer.impressionId === '' ? '' : '\n\nClick one: npx gqr click last 1';
  return `${describeList(answer.recommendations)}\n\n${facts}${explanation === undefined ? '' : describeExplanation(explanation)}${next}`;
}

/** Shows each query as soon as it is complete; the whole answer comes last. */
async function stream(
  gateway: GrpcClient<typeof RecommendationService>,
  request: RecommendRequest,
  context: Context,
): Promise<RecommendResponse | undefined> {
  let answer: RecommendResponse | undefined;
  for await (const { event } of gateway.streamRecommend({ request }, inTime(context))) {
    if (event.case === 'recommendation') context.terminal.remark(`  ${String(event.value.position)}. ${event.value.text}`);
    if (event.case === 'response') answer = event.value;
  }
  return answer;
}

export function recommend(request: RecommendRequest, streamed: boolean): Action {
  return (context) =>
    withService(context, 'gateway', RecommendationService, async (gateway) => {
      const answer = streamed ? await stream(gateway, request, context) : await gateway.recommend(request, inTime(context));
      if (answer === undefined) throw new CliFailure('The answer ended too early', 'Ask again.', ExitCode.Failed);
      if (answer.impressionId !== '') keepLastImpression(context.dataDir, answer);
      context.terminal.result(documentOf(RecommendResponseSchema, answer), describeAnswer(answer));
      return ExitCode.Done;
    });
}
