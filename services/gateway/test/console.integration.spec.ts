import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeDependencies, startFakeDependencies } from './support/fake-dependencies.js';
import { type RunningGateway, startGateway } from './support/gateway.js';
import { get } from './support/http.js';

let dependencies: FakeDependencies;
let folder: string;
let gateway: RunningGateway;

beforeAll(async () => {
  dependencies = await startFakeDependencies();
  folder = mkdtempSync(join(tmpdir(), 'console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>GQR</title>');
  writeFileSync(join(folder, 'assets', 'index-Bx1_kQ9z.js'), 'export {};');
  writeFileSync(join(folder, '.secret'), 'hidden');
  gateway = await startGateway(dependencies, { GQR_CONSOLE_DIR: folder });
});
afterAll(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true });
  await dependencies.stop();
});

describe('the console', () => {
  it('is at /, asked for anew each time, and may load nothing from elsewhere nor be framed', async () => {
    const { status, headers, text } = await get(gateway.http, '/');
    expect([status, text]).toEqual([200, '<!doctype html><title>GQR</title>']);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringMatching(/default-src 'self';.*object-src 'none';.*frame-ancestors 'none'/) as string,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  it('has files that never change kept for good', async () => {
    const { headers } = await get(gateway.http, '/assets/index-Bx1_kQ9z.js');
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it.each(['/.secret', '/..%2f..%2fetc%2fpasswd', '/assets/', '/nothing.js', '/v1/nothing'])('has nothing at %s', async (path) => {
    const { status, text } = await get(gateway.http, path);
    expect([status, JSON.parse(text)]).toMatchObject([404, { code: 5 }]);
  });

  it('does not stand in the way of the API', async () => {
    expect((await get(gateway.http, '/v1/tasks')).status).toBe(200);
    expect((await get(gateway.http, '/readyz')).status).toBe(200);
  });
});
