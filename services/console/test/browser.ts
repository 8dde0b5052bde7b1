import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { FakeGatewayServer } from './fake-gateway-server.js';
import { builtSite } from './site.js';

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The page, opened for one test. */
export interface Visit {
  readonly page: Page;
  readonly gateway: FakeGatewayServer;
  /** Failed calls are part of the test, so the browser's own notes of them are no fault. */
  readonly expectFailedCalls: () => void;
}

/**
 * Tests of the built page in a real browser, against a fake gateway. After each test the page must not have written an error or a
 * warning to the browser's console (breaches of the content security policy are among them), nor asked anything off its origin.
 */
export function inBrowser(name: string, define: (visit: (options?: BrowserContextOptions) => Promise<Visit>) => void): void {
  describe(name, { timeout: 90_000 }, () => {
    let browser: Browser | undefined;
    let site: string;
    let gateway: FakeGatewayServer;
    let faults: string[] = [];
    let callsMayFail = false;

    beforeAll(async () => {
      if (EXECUTABLE === undefined) return;
      site = await builtSite();
      browser = await chromium.launch({ args: ARGUMENTS, executablePath: EXECUTABLE });
    });
    beforeEach(async ({ skip }) => {
      skip(EXECUTABLE === undefined, 'no Chromium at /usr/bin/chromium; apt-get install chromium');
      faults = [];
      callsMayFail = false;
      gateway = await FakeGatewayServer.start(site);
    });
    afterEach(async () => {
      if (browser === undefined) return;
      for (const context of browser.contexts()) await context.close();
      await gateway.close();
      expect(faults.filter((fault) => !(callsMayFail && fault.includes('Failed to load resource')))).toEqual([]);
    });
    afterAll(async () => {
      await browser?.close();
    });

    define(async (options = {}) => {
      if (browser === undefined) throw new Error('no browser runs');
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
      const page = await context.newPage();
      watch(page, gateway.url, faults);
      await page.goto(gateway.url);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const expectFailedCalls = () => {
        callsMayFail = true;
      };
      return { page, gateway, expectFailedCalls };
    });
  });
}

function watch(page: Page, origin: string, faults: string[]): void {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`request off the origin: ${request.url()}`);
  });
}
