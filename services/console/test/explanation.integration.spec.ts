import { create } from '@bufbuild/protobuf';
import { Source } from '@gqr/protos/gqr/events/v1/events';
import { Degradation_Level, DegradationSchema, type RecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { inBrowser } from './browser.js';
import type { Refusal } from './fake-gateway-server.js';
import { answerTo } from './fixtures.js';

const INVALID: Refusal = {
  status: 400,
  body: JSON.stringify({
    code: 3,
    message: 'invalid request',
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'INVALID_REQUEST', domain: 'gqr' },
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ field: 'history[3].query', description: 'has a control character; take it out' }],
      },
    ],
  }),
};

const FULL: Refusal = {
  status: 429,
  body: JSON.stringify({
    code: 8,
    message: 'the queue is full',
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'OVERLOADED', domain: 'gqr' },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.300s' },
    ],
  }),
};

/** An answer without the language model and the click predictor. */
function degraded(taskId: string, level: Degradation_Level, reasons: string[]): RecommendResponse {
  const answer = answerTo(taskId);
  answer.degradation = create(DegradationSchema, { level, reasons });
  for (const recommendation of answer.recommendations) {
    recommendation.source = Source.POPULAR;
    delete recommendation.clickProbability;
    delete recommendation.logPropensity;
  }
  return answer;
}

async function openSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'how to clean a cast iron skillet' }).click();
}

inBrowser('explanations and faults', (visit) => {
  describe('an explanation', () => {
    it('shows sources, click probabilities, propensities, evidence, time, models, decoding and the prompt', async () => {
      const { page } = await visit();
      await page.getByRole('switch', { name: 'Explain' }).click();
      await openSample(page);
      const panel = page.getByRole('complementary', { name: 'Explanation' });
      const rows = panel.getByRole('region', { name: 'Queries' }).getByRole('row');
      await expect.poll(() => rows.count()).toBe(4);
      expect(await rows.nth(1).innerText()).toMatch(/how to get rust off cast iron\s+Generated\s+14.3%\s+−3.22/);
      expect(await rows.nth(2).innerText()).toMatch(/best oil for seasoning cast iron\s+Co-occurrence\s+9.17%/);
      const text = await panel.innerText();
      for (const part of [
        'Chance of at least one click (Eq. 3) 0.260',
        'after “can you use soap on cast iron”, 87.2% similar',
        '41×',
        '811 ms',
        'Click prediction',
        '20261121t031502-9f3ac1',
        '231 tokens, 118 of them reused',
        'afresh for this call',
        'imp-suggestion',
      ]) {
        expect(text).toContain(part);
      }
      const [generation, ctr] = await Promise.all(
        ['generation', 'ctr'].map(async (phase) => (await panel.locator(`[data-phase=${phase}]`).boundingBox())?.width ?? 0),
      );
      expect((generation ?? 0) / (ctr ?? 1)).toBeGreaterThan(20);
      await panel.getByText('Prompt as rendered').click();
      expect(await panel.getByText('You are an expert in query recommendation.').isVisible()).toBe(true);
      expect(await page.getByRole('button', { name: /Generated: how to get rust off cast iron 14.3% click probability/ }).count()).toBe(1);
    });

    it('explains the hint too, and any earlier list on demand', async () => {
      const { page } = await visit();
      await openSample(page);
      await page.getByRole('button', { name: 'how to get rust off cast iron' }).click();
      await page.getByRole('button', { name: 'Why these?' }).first().click();
      const panel = page.getByRole('complementary', { name: 'Explanation' });
      expect(await panel.getByText('how to clean a cast iron skillet', { exact: true }).count()).toBe(1);
      await panel.getByRole('button', { name: 'Search hint' }).click();
      await panel.getByText('imp-hint').waitFor();
      expect(await panel.innerText()).toContain('Expected clicks (Eq. 4) 0.071');
    });

    it('stays on over a reload', async () => {
      const { page } = await visit();
      await page.getByRole('switch', { name: 'Explain' }).click();
      await page.reload();
      expect(await page.getByRole('switch', { name: 'Explain' }).getAttribute('aria-checked')).toBe('true');
    });

    it('says why an answer is degraded, in words and by code', async () => {
      const { page, gateway } = await visit();
      gateway.answer = ({ taskId }) => degraded(taskId, Degradation_Level.POPULAR, ['GENERATION_TIMEOUT', 'CTR_UNAVAILABLE']);
      await openSample(page);
      await page
        .getByText('Filled from popular queries. The language model did not answer in time. The click predictor cannot be reached.')
        .waitFor();
      await page.getByRole('button', { name: 'Why these?' }).click();
      const panel = page.getByRole('complementary', { name: 'Explanation' });
      expect(await panel.getByRole('note').innerText()).toContain('GENERATION_TIMEOUT');
      expect(await panel.getByText('Popular', { exact: true }).count()).toBe(3);
      expect(await panel.getByText('Not scored').count()).toBe(3);
    });

    it('says why there is nothing to recommend', async () => {
      const { page, gateway } = await visit();
      gateway.answer = ({ taskId }) => ({
        ...degraded(taskId, Degradation_Level.EMPTY, ['GENERATION_FAILED']),
        recommendations: [],
        impressionId: '',
      });
      await openSample(page);
      await page.getByText('Nothing to recommend. The language model failed.').waitFor();
      gateway.answer = ({ taskId }) => answerTo(taskId);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('button', { name: 'how to get rust off cast iron' }).waitFor();
    });
  });

  describe('a fault', () => {
    it('of the request is shown with its field and its remedy', async () => {
      const { page, gateway, expectFailedCalls } = await visit();
      expectFailedCalls();
      gateway.answer = () => INVALID;
      await openSample(page);
      const alert = page.getByRole('alert');
      await alert.getByText('The gateway could not take this request').waitFor();
      expect(await alert.innerText()).toContain('history[3].query has a control character; take it out');
      expect(await alert.innerText()).toContain('INVALID_REQUEST');
    });

    it('of a full gateway is retried after the wait that it asks for', async () => {
      const { page, gateway, expectFailedCalls } = await visit();
      expectFailedCalls();
      gateway.answer = () => FULL;
      await openSample(page);
      await page.getByRole('alert').getByText('The queue is full', { exact: false }).waitFor();
      gateway.answer = ({ taskId }) => answerTo(taskId);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('button', { name: 'how to get rust off cast iron' }).waitFor();
    });

    it('in the middle of a stream leaves no half list behind', async () => {
      const { page, gateway } = await visit();
      gateway.breaks = true;
      await openSample(page);
      await page.getByRole('alert').getByText('The answer could not be read').waitFor();
      expect(await page.getByRole('button', { name: 'how to get rust off cast iron' }).count()).toBe(0);
    });

    it('in recording a click is told, and mended on demand, while the query is asked all the same', async () => {
      const { page, gateway, expectFailedCalls } = await visit();
      expectFailedCalls();
      gateway.feedbackRefusal = { status: 503, body: '{"code": 14, "message": "the event log cannot be written"}' };
      await openSample(page);
      await page.getByRole('button', { name: 'how to get rust off cast iron' }).click();
      await page.getByText('Surface rust comes off').waitFor();
      await page.getByText('The click on “how to get rust off cast iron” was not recorded').waitFor();
      gateway.feedbackRefusal = undefined;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('button', { name: 'how to get rust off cast iron click recorded' }).waitFor();
      expect(gateway.feedback).toHaveLength(1);
    });

    it('of the connection is told until the gateway is back', async () => {
      const { page, gateway, expectFailedCalls } = await visit();
      expectFailedCalls();
      await gateway.close();
      await page.getByRole('link', { name: 'Writing' }).click();
      await page.getByRole('button', { name: 'best man speech' }).click();
      await page.getByText('The gateway cannot be reached').waitFor();
      const back = await gateway.reopen();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('button', { name: 'funnier' }).waitFor();
      await back.close();
    });

    it('of set-up is told: a task that this gateway lacks', async () => {
      const { page, gateway } = await visit();
      gateway.tasks = { ...gateway.tasks, tasks: gateway.tasks.tasks.filter(({ taskId }) => taskId !== 'clarification') };
      await page.reload();
      await page.getByRole('link', { name: 'Writing' }).click();
      await page.getByText('This gateway has no task “clarification”').waitFor();
    });
  });
});
