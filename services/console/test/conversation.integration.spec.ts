import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { inBrowser } from './browser.js';
import type { FakeGatewayServer } from './fake-gateway-server.js';

const OPENER = 'how to clean a cast iron skillet';
const RUST = 'how to get rust off cast iron';
const HINT = 'how to season a cast iron skillet in the oven';

/** Opens the first sample and waits for its follow-ups and its hint. */
async function openSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: OPENER }).click();
  await page.getByPlaceholder(HINT).waitFor();
}

/** Makes the gateway's streams wait for a step before each message. */
function stepwise(gateway: FakeGatewayServer): { step(): Promise<void>; run(): void } {
  // A step may be made before its piece is due: what was let through ahead of time is counted.
  let ahead = 0;
  const waiting: (() => void)[] = [];
  gateway.beforePiece = () => {
    if (ahead > 0) {
      ahead--;
      return Promise.resolve(undefined);
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    waiting.push(() => {
      resolve(undefined);
    });
    return promise;
  };
  return {
    step: async () => {
      const letThrough = waiting.shift();
      if (letThrough === undefined) ahead++;
      else letThrough();
      await Promise.resolve();
    },
    run: () => {
      gateway.beforePiece = () => Promise.resolve();
      for (const letThrough of waiting.splice(0)) letThrough();
    },
  };
}

inBrowser('a conversation', (visit) => {
  it('offers samples, and shows the answer of the chosen one with three follow-ups', async () => {
    const { page, gateway } = await visit();
    expect(await page.getByRole('list', { name: 'Samples' }).getByRole('button').count()).toBeGreaterThanOrEqual(8);
    await openSample(page);
    await expect.poll(() => page.getByText('Clean it while it is still warm').count()).toBe(1);
    expect(await page.getByText('Sample answer').count()).toBe(1);
    const chips = page.getByRole('region', { name: 'Follow-ups' }).getByRole('listitem');
    expect(await chips.allInnerTexts()).toEqual([RUST, 'best oil for seasoning cast iron', 'can you cook tomato sauce in a cast iron pan']);
    expect(gateway.requests.map(({ taskId }) => taskId)).toEqual(['suggestion', 'hint']);
    expect(gateway.requests[0]).toMatchObject({ query: OPENER, explain: true, queryOrigin: QueryOrigin.TYPED, traffic: Traffic.LIVE });
    expect(gateway.requests[0]?.response).toContain('Clean it while it is still warm');
    expect(await page.getByRole('status').innerText()).toContain(`3 follow-ups: ${RUST}`);
  });

  it('shows follow-ups one by one as they are written', async () => {
    const { page, gateway } = await visit();
    const stream = stepwise(gateway);
    await page.getByRole('button', { name: OPENER }).click();
    const chips = page.getByRole('region', { name: 'Follow-ups' }).getByRole('button', { name: /cast iron/ });
    expect(await chips.count()).toBe(0);
    for (const many of [1, 2, 3]) {
      await stream.step();
      await expect.poll(() => chips.count()).toBe(many);
    }
    expect(await page.getByRole('button', { name: 'Why these?' }).count()).toBe(0);
    await stream.step();
    await page.getByRole('button', { name: 'Why these?' }).waitFor();
  });

  it('records a click and asks the clicked query with the conversation as its history', async () => {
    const { page, gateway } = await visit();
    await openSample(page);
    await page.getByRole('button', { name: RUST }).click();
    await page.getByRole('button', { name: `${RUST} click recorded` }).waitFor();
    expect(gateway.feedback).toMatchObject([
      { impressionId: 'imp-suggestion', clicks: [{ position: 1, text: RUST }], traffic: Traffic.LIVE },
    ]);
    await page.getByText('Surface rust comes off').waitFor();
    const [first, , second] = gateway.requests;
    expect(second).toMatchObject({ taskId: 'suggestion', query: RUST, queryOrigin: QueryOrigin.RECOMMENDATION });
    expect(second?.history).toMatchObject([{ query: OPENER, response: first?.response }]);
    expect(new Set([...gateway.requests, ...gateway.feedback].map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(`Query: ${RUST}`);
  });

  it('holds a click that comes before the list is logged', async () => {
    const { page, gateway } = await visit();
    const stream = stepwise(gateway);
    await page.getByRole('button', { name: OPENER }).click();
    await stream.step();
    await page.getByRole('button', { name: RUST }).click();
    expect(gateway.feedback).toEqual([]);
    stream.run();
    await page.getByRole('article', { name: `Query: ${RUST}` }).waitFor();
    await expect.poll(() => gateway.feedback.length).toBe(1);
    expect(gateway.feedback[0]).toMatchObject({ impressionId: 'imp-suggestion', clicks: [{ position: 1, text: RUST }] });
  });

  it('shows a hint in the search box, which Tab takes in and Enter asks', async () => {
    const { page, gateway } = await visit();
    await openSample(page);
    const box = page.getByRole('textbox');
    await box.focus();
    await page.keyboard.press('Tab');
    expect(await box.inputValue()).toBe(HINT);
    await expect.poll(() => gateway.feedback.length).toBe(1);
    expect(gateway.feedback[0]).toMatchObject({ impressionId: 'imp-hint', clicks: [{ position: 1, text: HINT }] });
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: `Query: ${HINT}` }).waitFor();
    expect(gateway.requests[2]).toMatchObject({ query: HINT, queryOrigin: QueryOrigin.RECOMMENDATION });
    expect(gateway.feedback).toHaveLength(1);
  });

  it('counts a hint that was edited as typed', async () => {
    const { page, gateway } = await visit();
    await openSample(page);
    await page.getByRole('textbox').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.type(' twice');
    await page.keyboard.press('Enter');
    await expect.poll(() => gateway.requests.length).toBeGreaterThan(2);
    expect(gateway.requests[2]).toMatchObject({ query: `${HINT} twice`, queryOrigin: QueryOrigin.TYPED });
  });

  it('asks the hint at a click, and lets Tab go on once Escape has dismissed it', async () => {
    const { page, gateway } = await visit();
    await openSample(page);
    await page.getByRole('textbox').focus();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('textbox').getAttribute('placeholder')).toBe('Ask a follow-up');
    await page.keyboard.press('Tab');
    expect(await page.getByRole('textbox').inputValue()).toBe('');
    await page.getByRole('button', { name: RUST }).click();
    await page.getByRole('button', { name: new RegExp(`Ask this hint ?: ${HINT}`) }).click();
    await page.getByRole('article', { name: `Query: ${HINT}` }).waitFor();
    expect(gateway.feedback.map(({ impressionId }) => impressionId)).toEqual(['imp-suggestion', 'imp-hint']);
  });

  it('says honestly when nothing answers a free query, and recommends again with a pasted answer', async () => {
    const { page, gateway } = await visit();
    await page.getByRole('textbox').fill('can i put a pan into a kiln');
    await page.keyboard.press('Enter');
    await page.getByText('it doesn’t answer them').waitFor();
    await page.getByRole('button', { name: 'Paste the AI answer (optional)' }).click();
    await page.getByLabel('The AI answer to this query').fill('No. It would crack at **900 degrees**.');
    await page.getByRole('button', { name: 'Recommend with it' }).click();
    await page.getByText('Pasted answer').waitFor();
    expect(await page.getByRole('button', { name: 'Edit' }).evaluate((button) => button === document.activeElement)).toBe(true);
    expect(await page.locator('strong', { hasText: '900 degrees' }).count()).toBe(1);
    const asked = gateway.requests.filter(({ taskId }) => taskId === 'suggestion');
    expect(asked.map(({ response }) => response)).toEqual(['', 'No. It would crack at **900 degrees**.']);
  });

  it('refuses a query that is too long before it is sent', async () => {
    const { page, gateway } = await visit();
    await page.getByRole('textbox').fill('x'.repeat(2_003));
    await page.getByText('3 characters too many').waitFor();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
    expect(gateway.requests).toEqual([]);
  });

  it('starts anew under another session id', async () => {
    const { page, gateway } = await visit();
    await openSample(page);
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await openSample(page);
    const [before, , after] = gateway.requests;
    expect(before?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(after?.sessionId).not.toBe(before?.sessionId);
    expect(after?.history).toEqual([]);
  });
});
