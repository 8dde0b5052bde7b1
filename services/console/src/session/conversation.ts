import { create } from '@bufbuild/protobuf';
import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import { type Recommendation, RecordFeedbackRequestSchema } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type Gateway, GatewayError } from '../api/gateway.js';
import { type Problem, unreadable } from '../api/problem.js';
import type { AnswerBook } from './answer.js';
import { textOf } from './answer.js';
import { clicked, completed, failed, received, type RecommendedList, waitingList } from './recommended-list.js';
import { type Place, requestFor, type Turn } from './turn.js';

/** Which tasks a conversation asks for after each query. */
export interface Surface {
  readonly mainTask: string;
  /** Asked for after the main list, so that it does not slow that down. */
  readonly hintTask?: string;
  /** Whether a query without an answer of its own keeps the text of the turn before, as a draft stays until it is revised. */
  readonly carriesDraft: boolean;
}

export interface ConversationState {
  readonly sessionId: string;
  /** The sample that it began with, if any. */
  readonly sample?: string;
  readonly turns: readonly Turn[];
}

export interface ConversationPorts {
  readonly gateway: Gateway;
  readonly answers: AnswerBook;
  readonly newSessionId: () => string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/**
 * A conversation as one user has it: asks, gets recommendations, clicks. Keeps its state in one immutable value and tells its
 * listeners of every change; never rejects, since every failure is part of that state.
 */
export class Conversation {
  private state: ConversationState;
  private readonly listeners = new Set<() => void>();
  /** Calls in flight, by turn. */
  private readonly calls = new Map<number, AbortController>();
  private lastTurnId = 0;

  constructor(
    private readonly surface: Surface,
    private readonly ports: ConversationPorts,
  ) {
    this.state = { sessionId: ports.newSessionId(), turns: [] };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): ConversationState => this.state;

  /** Forgets everything, under a new session id. */
  restart(sample?: string): void {
    for (const call of this.calls.values()) call.abort();
    this.calls.clear();
    this.change({ sessionId: this.ports.newSessionId(), turns: [], ...(sample !== undefined && { sample }) });
  }

  ask(query: string, origin: QueryOrigin = QueryOrigin.TYPED): void {
    const before = this.state.turns.at(-1);
    // A hint that nobody waits for any more need not be written.
    if (before?.main.phase === 'complete') this.calls.get(before.id)?.abort();
    let answer = this.ports.answers.answerTo(query, this.state.sample);
    if (answer.kind === 'none' && this.surface.carriesDraft && before !== undefined && textOf(before.answer) !== '') {
      answer = { kind: 'carried', text: textOf(before.answer) };
    }
    const turn: Turn = { id: ++this.lastTurnId, query, origin, answer, main: waitingList(this.surface.mainTask) };
    this.change({ ...this.state, turns: [...this.state.turns, turn] });
    void this.recommend(turn.id);
  }

  /** Puts an answer or a draft under a query and asks again, since recommendations depend on it. */
  paste(turnId: number, text: string): void {
    this.changeTurn(turnId, (turn) => ({ ...turn, answer: text.trim() === '' ? { kind: 'none' } : { kind: 'pasted', text } }));
    this.again(turnId);
  }

  /** Asks for the lists of a turn once more. */
  again(turnId: number): void {
    this.calls.get(turnId)?.abort();
    this.changeTurn(turnId, (turn) => ({ ...turn, main: waitingList(this.surface.mainTask), hint: undefined }));
    void this.recommend(turnId);
  }

  /** The user clicked a recommended query: records the click and asks the query. */
  click(turnId: number, place: Place, recommendation: Recommendation): void {
    if (this.listAt(turnId, place)?.phase === 'arriving') {
      this.changeList(turnId, place, (list) => ({ ...list, held: recommendation }));
      return;
    }
    this.record(turnId, place, recommendation);
    this.ask(recommendation.query, QueryOrigin.RECOMMENDATION);
  }

  /** Records a click without asking: a hint that was taken into the search box, or a click whose record failed. */
  record(turnId: number, place: Place, { position, text }: Recommendation): void {
    const list = this.listAt(turnId, place);
    const impressionId = list?.response?.impressionId ?? '';
    if (impressionId === '' || list?.clicks[position]?.state === 'recorded') return;
    this.changeList(turnId, place, (it) => clicked(it, position, { state: 'sending' }));
    const { sessionId } = this.state;
    const clicks = [{ position, text }];
    void this.ports.gateway
      .recordFeedback(create(RecordFeedbackRequestSchema, { impressionId, sessionId, clicks, traffic: Traffic.LIVE }))
      .then(
        () => this.changeList(turnId, place, (it) => clicked(it, position, { state: 'recorded' })),
        (error: unknown) => this.changeList(turnId, place, (it) => clicked(it, position, { state: 'failed', problem: problemIn(error) })),
      );
  }

  private async recommend(turnId: number): Promise<void> {
    const call = new AbortController();
    this.calls.set(turnId, call);
    const complete = await this.fillMain(turnId, call.signal);
    if (complete && this.surface.hintTask !== undefined && this.state.turns.at(-1)?.id === turnId) {
      await this.fillHint(turnId, this.surface.hintTask, call.signal);
    }
    if (this.calls.get(turnId) === call) this.calls.delete(turnId);
  }

  /** Whether the whole list came. */
  private async fillMain(turnId: number, signal: AbortSignal): Promise<boolean> {
    const began = this.ports.now();
    const request = this.request(turnId, this.surface.mainTask);
    if (request === undefined) return false;
    try {
      for await (const message of this.ports.gateway.streamRecommend(request, signal)) {
        if (signal.aborted) return false;
        this.changeList(turnId, 'main', (list) => received(list, message, this.ports.now() - began));
      }
      if (this.listAt(turnId, 'main')?.phase !== 'complete') throw new GatewayError(unreadable('The list ended before its end'));
    } catch (error) {
      if (signal.aborted) return false;
      this.changeList(turnId, 'main', (list) => failed(list, problemIn(error)));
    }
    this.release(turnId);
    return this.listAt(turnId, 'main')?.phase === 'complete';
  }

  private async fillHint(turnId: number, taskId: string, signal: AbortSignal): Promise<void> {
    const began = this.ports.now();
    const request = this.request(turnId, taskId);
    if (request === undefined) return;
    this.changeTurn(turnId, (turn) => ({ ...turn, hint: waitingList(taskId) }));
    try {
      const response = await this.ports.gateway.recommend(request, signal);
      if (signal.aborted) throw new DOMException('superseded', 'AbortError');
      this.changeList(turnId, 'hint', (list) => completed(list, response, this.ports.now() - began));
    } catch (error) {
      if (signal.aborted) this.changeTurn(turnId, (turn) => ({ ...turn, hint: undefined }));
      else this.changeList(turnId, 'hint', (list) => failed(list, problemIn(error)));
    }
  }

  /** Does what a click during the arrival of the list asked for. The whole list may lack that query: then there is nothing to record. */
  private release(turnId: number): void {
    const list = this.listAt(turnId, 'main');
    if (list?.held === undefined) return;
    const { held } = list;
    this.changeList(turnId, 'main', (it) => ({ ...it, held: undefined }));
    const shown = list.response?.recommendations.find(({ text }) => text === held.text);
    if (shown !== undefined) this.record(turnId, 'main', shown);
    this.ask(held.query, QueryOrigin.RECOMMENDATION);
  }

  private request(turnId: number, taskId: string) {
    const index = this.state.turns.findIndex(({ id }) => id === turnId);
    const turn = this.state.turns[index];
    return turn && requestFor(taskId, turn, this.state.turns.slice(0, index), this.state.sessionId);
  }

  private listAt(turnId: number, place: Place): RecommendedList | undefined {
    return this.state.turns.find(({ id }) => id === turnId)?.[place];
  }

  private changeList(turnId: number, place: Place, change: (list: RecommendedList) => RecommendedList): void {
    this.changeTurn(turnId, (turn) => {
      const list = turn[place];
      return list === undefined ? turn : { ...turn, [place]: change(list) };
    });
  }

  private changeTurn(turnId: number, change: (turn: Turn) => Turn): void {
    this.change({ ...this.state, turns: this.state.turns.map((turn) => (turn.id === turnId ? change(turn) : turn)) });
  }

  private change(state: ConversationState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function problemIn(error: unknown): Problem {
  return error instanceof GatewayError ? error.problem : unreadable(error instanceof Error ? error.message : String(error));
}
