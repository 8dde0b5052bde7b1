import type { CallLimits } from '@gqr/chassis/grpc/call';
import { type ModelVersion, type SearchContext, withRecentHistory } from '../context.js';
import { underDeadline } from '../under-deadline.js';
import type { Answer, AnswerPiece, Explanation, Recommendation } from './answer.js';
import { attempt } from './attempt.js';
import { Budget, type BudgetSettings } from './budget.js';
import type { ClickPredictor } from './click-predictor.js';
import { degradationOf } from './degradation.js';
import type { Filling } from './filling.js';
import { type FromSnapshot, MAX_NEXT_QUERIES, type NextQueries, type NextQuery } from './next-queries.js';
import { listReward } from './list-reward.js';
import { ListScores, type PredictedClicks } from './list-scores.js';
import { Phases } from './phases.js';
import type { Placed, Placing } from './placing.js';
import type { Recording, Shown } from './recording.js';
import type { RecommendRequest } from './request.js';
import { type Announce, type Draft, toRecommendation, type Writing } from './writing.js';

export interface RecommendSettings {
  /** Deadline of callers who set none. */
  readonly defaultDeadlineMs: number;
  readonly budget: BudgetSettings;
}

/** The steps of a recommendation. */
export interface RecommendSteps {
  readonly nextQueries: NextQueries;
  readonly writing: Writing;
  readonly placing: Placing;
  readonly filling: Filling;
  readonly predictor: ClickPredictor;
  readonly recording: Recording;
}

/** What one request works with. */
interface Run {
  readonly request: RecommendRequest;
  readonly context: SearchContext;
  readonly caller: CallLimits;
  readonly budget: Budget;
  readonly phases: Phases;
  /** Why the answer is less than it could be, in the order in which things went wrong. */
  readonly reasons: Set<string>;
}

/** What users asked, and what it did for the answer. */
interface Evidence {
  /** Co-occurrence queries that were given to the model. */
  readonly given: readonly NextQuery[];
  readonly snapshot: ModelVersion | undefined;
}

/** A whole list, not scored yet. */
interface Made {
  readonly evidence: Evidence;
  readonly draft: Draft;
  /** Number of queries at its end that stand in for what the language model did not write. */
  readonly standIns: number;
  /** What is known of its clicks; undefined if the click model failed already, which is not asked again. */
  readonly scores: ListScores | undefined;
}

const NOTHING: FromSnapshot<NextQuery> = { queries: [], snapshot: undefined };

/**
 * Recommends queries: co-occurrence, language model, click model and log, one after the other under one deadline. Each of them may fail
 * or be slow; the answer then is the best that can be made without it and says so. See the ladder in the README.
 */
export class Recommend {
  constructor(
    private readonly steps: RecommendSteps,
    private readonly settings: RecommendSettings,
    private readonly options: { readonly newId: () => string; readonly now: () => number },
  ) {}

  /** @throws CallEndedError if the caller leaves or its deadline passes; never for a fault of a dependency */
  async recommend(request: RecommendRequest, limits: CallLimits, announce: Announce = () => undefined): Promise<Answer> {
    return underDeadline(limits, this.settings.defaultDeadlineMs, (caller) => this.run(request, caller, announce));
  }

  private async run(request: RecommendRequest, caller: CallLimits, announce: Announce): Promise<Answer> {
    const budget = new Budget(this.settings.budget, caller.deadline, this.options.now);
    const run: Run = { request, context: withRecentHistory(request.context), caller, budget, phases: new Phases(), reasons: new Set() };
    const made = await this.make(run, announce);
    const { shown, clicks } = await this.score(run, made);
    const log = await run.phases.measure('log', () => this.steps.recording.record(request, shown, { caller, timeoutMs: budget.log() }));
    if (log.reason !== undefined) run.reasons.add(log.reason);
    const length = shown.queries.length;
    const standIns = shown.queries.slice(length - made.standIns).map((query) => query.source);
    return {
      impressionId: log.value ?? '',
      sessionId: shown.sessionId,
      recommendations: shown.queries,
      auxiliaryTexts: shown.auxiliaryTexts,
      modelVersions: shown.modelVersions,
      timings: run.phases.timings(),
      degradation: degradationOf({ length, standIns, scored: clicks !== undefined, reasons: [...run.reasons] }),
      explanation: request.explain ? explain(request, made, clicks) : undefined,
    };
  }

  /** Makes the list, and announces what of it the language model did not announce itself. */
  private async make(run: Run, announce: Announce): Promise<Made> {
    const { queries, snapshot } = await this.retrieve(run);
    const given = queries.slice(0, run.request.task.definition.cooccurrenceQueries);
    const cooccurrenceQueries = given.map((query) => query.text);
    const scores = new ListScores(this.steps.predictor, { taskId: run.request.task.id, context: run.context, cooccurrenceQueries });
    const written = await this.write(run, given, scores, announce);
    const { list, reason } = await this.place(run, written, given, scores);
    const draft = { ...written, list };
    const lengthBefore = list.queries.length;
    const filled = await this.fill(run, draft, queries);
    const recommendations = list.queries.map((query, index) => toRecommendation(query, index + 1, draft.auxiliaryTexts));
    for (const recommendation of recommendations.slice(draft.announced)) announce({ kind: 'recommendation', recommendation });
    const evidence = { given, snapshot: queries.length > 0 ? snapshot : filled };
    return { evidence, draft, standIns: list.queries.length - lengthBefore, scores: reason === undefined ? scores : undefined };
  }

  /** Scores the list, as far as that can be done. */
  private async score(run: Run, { evidence, draft, scores }: Made): Promise<{ shown: Shown; clicks: PredictedClicks | undefined }> {
    const { request } = run;
    const unscored = draft.list.queries.map((query, index) => toRecommendation(query, index + 1, draft.auxiliaryTexts));
    const clicks = await this.predict(run, scores, unscored);
    const shown = {
      sessionId: request.sessionId === '' ? this.options.newId() : request.sessionId,
      context: run.context,
      cooccurrenceQueries: evidence.given.map((query) => query.text),
      queries: unscored.map((query, index) => ({ ...query, clickProbability: clicks?.probabilities[index] })),
      // Without a query they say nothing.
      auxiliaryTexts: unscored.length === 0 ? {} : draft.auxiliaryTexts,
      modelVersions: [draft.written?.policy, clicks?.model, evidence.snapshot].filter((model) => model !== undefined),
      written: draft.written,
      reasons: [...run.reasons],
    };
    return { shown, clicks };
  }

  private async retrieve({ request, caller, budget, phases, reasons }: Run): Promise<FromSnapshot<NextQuery>> {
    const { task, count, context } = request;
    // Twice the list: some of them will repeat what the list or the session has.
    const limit = Math.min(MAX_NEXT_QUERIES, Math.max(task.definition.cooccurrenceQueries, task.showsWholeQueries ? 2 * count : 0));
    if (limit === 0) return NOTHING;
    const { value, reason } = await phases.measure('cooccurrence', () =>
      attempt('cooccurrence', { caller, timeoutMs: budget.cooccurrence() }, (limits) =>
        this.steps.nextQueries.retrieve(context.query, limit, limits),
      ),
    );
    if (reason !== undefined) reasons.add(reason);
    return value ?? NOTHING;
  }

  /** Has the list written, and scored as far as it is settled while the rest is being written. */
  private async write(run: Run, given: readonly NextQuery[], scores: ListScores, announce: Announce): Promise<Draft> {
    const { request, context, caller, budget, phases, reasons } = run;
    const prompt = { context, cooccurrenceQueries: given.map((query) => query.text) };
    const settled: string[] = [];
    const scoreAhead = (): void => {
      const limits = { caller, timeoutMs: budget.ctr() };
      if (settled.length > 0) scores.ahead({ chosen: settled.slice(0, -1), candidates: settled.slice(-1) }, limits);
      const candidates = this.steps.placing.contenders(request, given, settled);
      if (candidates.length > 0) scores.ahead({ chosen: [...settled], candidates }, limits);
    };
    const telling = {
      announce: (piece: AnswerPiece): void => {
        announce(piece);
        if (piece.kind !== 'recommendation') return;
        settled.push(piece.recommendation.text);
        scoreAhead();
      },
      settledPlaces: request.count - this.steps.placing.places(request, given),
    };
    scoreAhead();
    const draft = await phases.measure('generation', () =>
      this.steps.writing.write(request, prompt, { caller, timeoutMs: budget.generation() }, telling),
    );
    if (draft.reason !== undefined) reasons.add(draft.reason);
    return draft;
  }

  /** Gives places of a whole list to what users really asked next; a list that is short is filled up with that anyway. */
  private async place(run: Run, { list }: Draft, given: readonly NextQuery[], scores: ListScores): Promise<Placed> {
    const { request, caller, budget, phases, reasons } = run;
    if (!list.full || this.steps.placing.places(request, given) === 0) return { list };
    const placed = await phases.measure('ctr', () =>
      this.steps.placing.place(request, scores, list, given, { caller, timeoutMs: budget.ctr() }),
    );
    if (placed.reason !== undefined) reasons.add(placed.reason);
    return placed;
  }

  /** Returns the snapshot of the popular queries that were used, if any were. */
  private async fill(run: Run, { list }: Draft, cooccurring: readonly NextQuery[]): Promise<ModelVersion | undefined> {
    const { request, caller, budget, phases, reasons } = run;
    if (list.full || !request.task.showsWholeQueries) return undefined;
    const { snapshot, reason } = await phases.measure('popular', () =>
      this.steps.filling.fill(list, cooccurring, { caller, timeoutMs: budget.cooccurrence() }),
    );
    if (reason !== undefined) reasons.add(reason);
    return snapshot;
  }

  private async predict(
    { caller, budget, phases, reasons }: Run,
    scores: ListScores | undefined,
    list: readonly Recommendation[],
  ): Promise<PredictedClicks | undefined> {
    if (scores === undefined || list.length === 0) return undefined;
    const texts = list.map((recommendation) => recommendation.text);
    const { value, reason } = await phases.measure('ctr', () =>
      attempt('ctr', { caller, timeoutMs: budget.ctr() }, (limits) => scores.list(texts, limits)),
    );
    if (reason !== undefined) reasons.add(reason);
    return value;
  }
}

function explain(request: RecommendRequest, { evidence, draft }: Made, clicks: PredictedClicks | undefined): Explanation {
  const kind = request.task.definition.listReward;
  return {
    cooccurrence: evidence.given,
    prompt: draft.written?.prompt ?? '',
    promptVersion: draft.written?.promptVersion ?? '',
    decoding: draft.written?.decoding,
    listReward: kind === undefined || clicks === undefined ? undefined : listReward(kind, clicks.probabilities),
    usage: draft.written?.usage,
  };
}
