import { create } from '@bufbuild/protobuf';
import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import {
  type Recommendation,
  RecommendationSchema,
  type RecommendResponse,
  RecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeGateway, RECORDED } from '../api/fake-gateway.js';
import type { Problem } from '../api/problem.js';
import type { Answer, AnswerBook } from './answer.js';
import { Conversation, type Surface } from './conversation.js';

const CHAT: Surface = { mainTask: 'suggestion', hintTask: 'hint', carriesDraft: false };
const WRITING: Surface = { mainTask: 'clarification', carriesDraft: true };
const FULL: Problem = { title: 'full', message: 'try later', reason: 'OVERLOADED', violations: [] };

function recommendation(text: string, position = 1, query = text): Recommendation {
  return create(RecommendationSchema, { text, query, position });
}

function response(...texts: string[]): RecommendResponse {
  return create(RecommendResponseSchema, {
    impressionId: 'imp',
    recommendations: texts.map((text, index) => recommendation(text, index + 1)),
  });
}

class FakeAnswers implements AnswerBook {
  readonly answers = new Map<string, Answer>();
  answerTo(query: string): Answer {
    return this.answers.get(query) ?? { kind: 'none' };
  }
}

let gateway: FakeGateway;
let answers: FakeAnswers;
let clock: number;

beforeEach(() => {
  gateway = new FakeGateway();
  answers = new FakeAnswers();
  clock = 0;
});

function conversation(surface = CHAT): Conversation {
  let sessions = 0;
  return new Conversation(surface, { gateway, answers, newSessionId: () => `session-${++sessions}`, now: () => clock });
}

function stream(index = 0) {
  const at = gateway.streams[index];
  if (at === undefined) throw new Error(`no stream ${index}`);
  return at;
}

const turn = (it: Conversation, index = 0) => it.snapshot().turns[index];

describe('asking a query', () => {
  it('asks for the main list with answer, history, session and explanation', () => {
    answers.answers.set('first', { kind: 'sample', text: 'an answer' });
    const it = conversation();
    it.ask('first');
    it.ask('second', QueryOrigin.RECOMMENDATION);
    const { request } = stream(1);
    expect(request).toMatchObject({ taskId: 'suggestion', query: 'second', response: '', sessionId: 'session-1', explain: true });
    expect(request).toMatchObject({ queryOrigin: QueryOrigin.RECOMMENDATION, traffic: Traffic.LIVE });
    expect(request.history.map(({ query, response }) => [query, response])).toEqual([['first', 'an answer']]);
  });

  it('shows queries as they arrive and the whole list in the end, with the time that both took', async () => {
    const it = conversation();
    it.ask('q');
    expect(turn(it)?.main.phase).toBe('waiting');
    clock = 40;
    await stream().send({ case: 'recommendation', value: recommendation('one') });
    expect(turn(it)?.main).toMatchObject({ phase: 'arriving', recommendations: [{ text: 'one' }] });
    clock = 90;
    await stream().send({ case: 'response', value: response('one', 'two') });
    await stream().end();
    expect(turn(it)?.main).toMatchObject({
      phase: 'complete',
      recommendations: [{ text: 'one' }, { text: 'two' }],
      firstAfterMs: 40,
      completeAfterMs: 90,
    });
  });

  it('asks for the hint once the main list is there', async () => {
    const it = conversation();
    it.ask('q');
    expect(gateway.hints).toEqual([]);
    await stream().send({ case: 'response', value: response('one') });
    await stream().end();
    expect(gateway.hints[0]?.request).toMatchObject({ taskId: 'hint', query: 'q' });
    await gateway.hints[0]?.answer.with(response('the hint'));
    expect(turn(it)?.hint).toMatchObject({ phase: 'complete', recommendations: [{ text: 'the hint' }] });
  });

  it('keeps a failure with its reason and asks for no hint then', async () => {
    const it = conversation();
    it.ask('q');
    await stream().fail(FULL);
    expect(turn(it)?.main).toMatchObject({ phase: 'failed', problem: FULL });
    expect(gateway.hints).toEqual([]);
  });

  it('takes a stream that ends without the whole list for a failure', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'recommendation', value: recommendation('one') });
    await stream().end();
    expect(turn(it)?.main).toMatchObject({ phase: 'failed', problem: { reason: 'UNREADABLE' } });
  });

  it('gives up a hint that the next query makes useless', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'response', value: response('one') });
    await stream().end();
    it.ask('next');
    expect(gateway.hints[0]?.signal.aborted).toBe(true);
    await gateway.hints[0]?.answer.with(response('late'));
    expect(turn(it)?.hint).toBeUndefined();
  });

  it('leaves a query that the gateway refused out of the history', async () => {
    const it = conversation();
    it.ask('bad\u0007');
    await stream().fail({ ...FULL, violations: [{ field: 'query', description: 'has a control character; remove it' }] });
    it.ask('asked while the gateway is full');
    await stream(1).fail(FULL);
    it.ask('next');
    expect(stream(2).request.history.map(({ query }) => query)).toEqual(['asked while the gateway is full']);
  });

  it('asks again on demand', async () => {
    const it = conversation();
    it.ask('q');
    await stream().fail(FULL);
    it.again(turn(it)?.id ?? 0);
    expect(turn(it)?.main.phase).toBe('waiting');
    expect(gateway.streams).toHaveLength(2);
  });
});

describe('clicking a recommendation', () => {
  async function withList(): Promise<Conversation> {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'response', value: response('one', 'two') });
    await stream().end();
    return it;
  }

  it('records the click and asks the query', async () => {
    const it = await withList();
    it.click(turn(it)?.id ?? 0, 'main', recommendation('two', 2, 'the whole second query'));
    expect(gateway.feedback[0]?.request).toMatchObject({
      impressionId: 'imp',
      sessionId: 'session-1',
      clicks: [{ position: 2, text: 'two' }],
    });
    expect(turn(it)?.main.clicks[2]).toEqual({ state: 'sending' });
    expect(turn(it, 1)).toMatchObject({ query: 'the whole second query', origin: QueryOrigin.RECOMMENDATION });
    await gateway.feedback[0]?.answer.with(RECORDED);
    expect(turn(it)?.main.clicks[2]).toEqual({ state: 'recorded' });
  });

  it('keeps the failure to record it, and records it on demand', async () => {
    const it = await withList();
    const id = turn(it)?.id ?? 0;
    it.click(id, 'main', recommendation('one'));
    await gateway.feedback[0]?.answer.failing(FULL);
    expect(turn(it)?.main.clicks[1]).toEqual({ state: 'failed', problem: FULL });
    it.record(id, 'main', recommendation('one'));
    await gateway.feedback[1]?.answer.with(RECORDED);
    expect(turn(it)?.main.clicks[1]).toEqual({ state: 'recorded' });
  });

  it('records a click once, however often it is clicked', async () => {
    const it = await withList();
    const id = turn(it)?.id ?? 0;
    it.click(id, 'main', recommendation('one'));
    await gateway.feedback[0]?.answer.with(RECORDED);
    it.click(id, 'main', recommendation('one'));
    expect(gateway.feedback).toHaveLength(1);
    expect(it.snapshot().turns).toHaveLength(3);
  });

  it('waits for the impression when the list is still arriving', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'recommendation', value: recommendation('two', 1) });
    it.click(turn(it)?.id ?? 0, 'main', recommendation('two', 1));
    expect(gateway.feedback).toEqual([]);
    expect(turn(it)?.main.held?.text).toBe('two');
    await stream().send({ case: 'response', value: response('one', 'two') });
    await stream().end();
    expect(gateway.feedback[0]?.request.clicks).toMatchObject([{ position: 2, text: 'two' }]);
    expect(turn(it, 1)?.query).toBe('two');
  });

  it('asks without recording when the whole list lacks the query or never comes', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'recommendation', value: recommendation('gone', 1) });
    it.click(turn(it)?.id ?? 0, 'main', recommendation('gone', 1));
    await stream().fail(FULL);
    expect(gateway.feedback).toEqual([]);
    expect(turn(it, 1)?.query).toBe('gone');
  });

  it('records nothing for a list that was not logged', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'response', value: create(RecommendResponseSchema, { recommendations: [recommendation('one')] }) });
    await stream().end();
    it.click(turn(it)?.id ?? 0, 'main', recommendation('one'));
    expect(gateway.feedback).toEqual([]);
    expect(turn(it, 1)?.query).toBe('one');
  });
});

describe('answers', () => {
  it('that are pasted bring new recommendations', async () => {
    const it = conversation();
    it.ask('q');
    await stream().send({ case: 'response', value: response('one') });
    await stream().end();
    it.paste(turn(it)?.id ?? 0, 'the real answer');
    expect(turn(it)?.answer).toEqual({ kind: 'pasted', text: 'the real answer' });
    expect(stream(1).request.response).toBe('the real answer');
    expect(turn(it)?.main.phase).toBe('waiting');
  });

  it('that are pasted empty are taken away', () => {
    const it = conversation();
    it.ask('q');
    it.paste(turn(it)?.id ?? 0, '  ');
    expect(turn(it)?.answer).toEqual({ kind: 'none' });
  });

  it('stay with a draft until somebody revises it, but not with a question', () => {
    answers.answers.set('a toast', { kind: 'sample', text: 'the draft' });
    const writing = conversation(WRITING);
    writing.ask('a toast');
    writing.ask('make it shorter');
    expect(turn(writing, 1)?.answer).toEqual({ kind: 'carried', text: 'the draft' });
    expect(stream(1).request.response).toBe('the draft');
    const chat = conversation(CHAT);
    chat.ask('a toast');
    chat.ask('make it shorter');
    expect(turn(chat, 1)?.answer).toEqual({ kind: 'none' });
  });
});

describe('a new conversation', () => {
  it('has a new session, no turns, and hears nothing of the calls before', async () => {
    const it = conversation();
    it.ask('q');
    it.restart('cast-iron');
    expect(stream().signal.aborted).toBe(true);
    expect(it.snapshot()).toEqual({ sessionId: 'session-2', sample: 'cast-iron', turns: [] });
    await stream().send({ case: 'response', value: response('late') });
    expect(it.snapshot().turns).toEqual([]);
  });

  it('tells those who listen of every change', () => {
    const it = conversation();
    let changes = 0;
    const stop = it.subscribe(() => changes++);
    it.ask('q');
    expect(changes).toBe(1);
    stop();
    it.restart();
    expect(changes).toBe(1);
  });

  it('sends at most 200 earlier turns, the latest', () => {
    const it = conversation();
    for (let index = 0; index <= 205; index++) it.ask(`q${index}`);
    const history = stream(205).request.history;
    expect([history.length, history[0]?.query, history.at(-1)?.query]).toEqual([200, 'q5', 'q204']);
  });
});
