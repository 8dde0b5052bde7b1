import { QueryOrigin } from '@gqr/protos/gqr/events/v1/events';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { inBrowser } from './browser.js';

async function openSpeech(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Writing' }).click();
  await page.getByRole('button', { name: 'best man speech for my brother' }).click();
  await page.getByRole('button', { name: 'Why these?' }).waitFor();
}

inBrowser('a writing request', (visit) => {
  it('shows the draft, the guiding sentence and eight snippets', async () => {
    const { page, gateway } = await visit();
    await openSpeech(page);
    expect(await page.getByText('Good evening, everyone.').count()).toBe(1);
    expect(await page.getByRole('heading', { name: 'How should the speech change?' }).count()).toBe(1);
    expect(await page.getByRole('region', { name: 'Refinements' }).getByRole('listitem').count()).toBe(8);
    expect(gateway.requests).toMatchObject([{ taskId: 'clarification', query: 'best man speech for my brother' }]);
    expect(gateway.requests[0]?.response).toContain('Good evening, everyone.');
  });

  it('shows the request that a snippet makes before it is clicked', async () => {
    const { page } = await visit();
    await openSpeech(page);
    await page.getByRole('button', { name: 'in rhyme' }).focus();
    expect(await page.getByText('make the best man speech in rhyme please').count()).toBe(1);
  });

  it('records a click, asks prefix + snippet + suffix, and shows the revision where a sample has one', async () => {
    const { page, gateway } = await visit();
    await openSpeech(page);
    await page.getByRole('button', { name: 'funnier' }).click();
    await page.getByRole('article', { name: 'Query: make the best man speech funnier please' }).waitFor();
    await page.getByText('Exhibit one').waitFor();
    expect(gateway.feedback).toMatchObject([{ impressionId: 'imp-clarification', clicks: [{ position: 2, text: 'funnier' }] }]);
    expect(gateway.requests[1]).toMatchObject({
      query: 'make the best man speech funnier please',
      queryOrigin: QueryOrigin.RECOMMENDATION,
    });
    expect(gateway.requests[1]?.history).toMatchObject([{ query: 'best man speech for my brother' }]);
  });

  it('says that a draft is unchanged where no sample revises it, and takes a pasted revision', async () => {
    const { page, gateway } = await visit();
    await openSpeech(page);
    await page.getByRole('button', { name: 'for two speakers' }).click();
    await page.getByText('Unchanged: no assistant is connected').waitFor();
    expect(gateway.requests[1]?.response).toContain('Good evening, everyone.');
    await page.getByRole('button', { name: 'Paste the revised draft (optional)' }).click();
    await page.getByLabel('The draft as it is now').fill('TOM: Good evening.\nMIA: And welcome.');
    await page.getByRole('button', { name: 'Recommend with it' }).click();
    await page.getByText('Pasted draft').waitFor();
    expect(gateway.requests.at(-1)).toMatchObject({
      query: 'make the best man speech for two speakers please',
      response: 'TOM: Good evening.\nMIA: And welcome.',
    });
  });

  it('keeps both conversations while the user goes from one to the other', async () => {
    const { page } = await visit();
    await openSpeech(page);
    await page.getByRole('link', { name: 'Conversation' }).click();
    await page.getByRole('heading', { name: 'What will they ask next?' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'How should the speech change?' }).waitFor();
  });
});
