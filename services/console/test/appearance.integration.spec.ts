import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { inBrowser } from './browser.js';
import { answerTo } from './fixtures.js';

/** What the page may weigh when it is first opened, compressed as a gateway or a proxy before it would: scripts and styles. */
const BUDGET_BYTES = 150_000;

/** Breaches of WCAG 2.2 AA and of good practice that axe finds in the page as it is now. */
async function breaches(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    return (await inPage.run()).violations;
  });
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

inBrowser('the page', (visit) => {
  it.each(['light', 'dark'] as const)('is accessible in its %s theme, in every state', async (colorScheme) => {
    const { page } = await visit({ colorScheme, viewport: { width: 1280, height: 800 } });
    expect(await breaches(page)).toEqual([]);
    await page.getByRole('switch', { name: 'Explain' }).click();
    await page.getByRole('button', { name: 'git undo last commit' }).click();
    await page.getByRole('button', { name: /Ask this hint/ }).waitFor();
    expect(await breaches(page)).toEqual([]);
    await page.getByRole('link', { name: 'Writing' }).click();
    await page.getByRole('button', { name: 'best man speech' }).click();
    await page.getByRole('button', { name: 'Why these?' }).waitFor();
    expect(await breaches(page)).toEqual([]);
  });

  it.each([360, 768, 1120, 2200])('fits a window of %i px, with its longest texts', async (width) => {
    const { page } = await visit({ viewport: { width, height: 760 } });
    expect(await overflow(page)).toBe(0);
    await page.getByRole('switch', { name: 'Explain' }).click();
    await page.getByRole('textbox').fill(`https://example.org/${'a-very-long-path'.repeat(12)} ${'W'.repeat(120)}`);
    await page.keyboard.press('Enter');
    await page.getByText('Prompt as rendered').click();
    expect(await overflow(page)).toBe(0);
    const send = await page.getByRole('button', { name: 'Ask', exact: true }).boundingBox();
    expect((send?.x ?? width) + (send?.width ?? 0)).toBeLessThanOrEqual(width);
  });

  it('shows texts of whatever origin as texts', async () => {
    const { page, gateway } = await visit();
    gateway.answer = ({ taskId }) => {
      const answer = answerTo(taskId);
      for (const recommendation of answer.recommendations) recommendation.text = '<img src=x onerror=alert(1)>\u202eevil';
      return answer;
    };
    await page.getByRole('textbox').fill('<script>alert(1)</script>');
    await page.keyboard.press('Enter');
    await page.getByText('<script>alert(1)</script>').waitFor();
    await expect.poll(() => page.getByText('<img src=x onerror=alert(1)>').count()).toBeGreaterThanOrEqual(3);
    expect(await page.locator('main img').count()).toBe(0);
  });

  it('can be used with the keyboard alone', async () => {
    const { page, gateway } = await visit();
    const focused = () =>
      page.evaluate(() => (document.activeElement instanceof HTMLButtonElement ? document.activeElement.textContent : ''));
    const tabTo = async (text: string) => {
      for (let presses = 0; presses < 40 && !(await focused()).includes(text); presses++) await page.keyboard.press('Tab');
      expect(await focused()).toContain(text);
    };
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await tabTo('toilet keeps running');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /Ask this hint/ }).waitFor();
    await tabTo('best oil for seasoning cast iron');
    await page.keyboard.press('Enter');
    await expect.poll(() => gateway.feedback.length).toBe(1);
  });

  it('takes the theme of the system until the user chooses the other, and remembers that', async () => {
    const { page } = await visit({ colorScheme: 'dark' });
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await background();
    await page.getByRole('button', { name: 'Switch to light theme' }).click();
    await expect.poll(background).not.toBe(dark);
    const light = await background();
    await page.reload();
    await page.getByRole('button', { name: 'Switch to dark theme' }).waitFor();
    expect(await background()).toBe(light);
    await page.getByRole('button', { name: 'Switch to dark theme' }).click();
    await expect.poll(background).toBe(dark);
  });

  it(`weighs at most ${BUDGET_BYTES / 1_000} kB when it is first opened, fonts apart`, async () => {
    const { gateway } = await visit();
    const assets = join(gateway.site, 'assets');
    const files = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
    const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
    console.info(`console: ${Math.round(bytes / 1_000)} kB of scripts and styles, compressed`);
    expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
  });
});
