import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importStarterModels } from '../src/domain/starter-models.js';

describe('importStarterModels', () => {
  let folder: string;
  let shipped: DirectoryRegistry;
  let registry: DirectoryRegistry;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gqr-starter-'));
    shipped = new DirectoryRegistry(join(folder, 'starter'));
    registry = new DirectoryRegistry(join(folder, 'registry'));
    await publish(shipped, 'starter-1', 'shipped weights');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function publish(target: DirectoryRegistry, version: string, content: string): Promise<void> {
    const files = join(folder, `files-${version}`);
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'model.onnx'), content);
    await target.publish(
      { kind: 'ctr', version, metrics: {}, config: {}, dataWindow: null, parents: [], codeVersion: 'test', traffic: 'none' },
      files,
    );
  }

  it('brings a shipped model into the registry and lets it serve', async () => {
    expect(await importStarterModels(shipped, registry)).toEqual([{ kind: 'ctr', version: 'starter-1' }]);
    expect(await registry.channel('ctr', 'stable')).toBe('starter-1');
    expect((await registry.fetch({ kind: 'ctr', version: 'starter-1' })).manifest.files.map(({ name }) => name)).toEqual(['model.onnx']);
  });

  it('changes nothing at the second start', async () => {
    await importStarterModels(shipped, registry);
    expect(await importStarterModels(shipped, registry)).toEqual([]);
  });

  it('leaves a channel alone that points to a model trained here', async () => {
    await publish(registry, '20261123t100000-abcdef', 'trained weights');
    await registry.setChannel({ kind: 'ctr', version: '20261123t100000-abcdef' }, 'stable');
    expect(await importStarterModels(shipped, registry)).toEqual([]);
    expect(await registry.channel('ctr', 'stable')).toBe('20261123t100000-abcdef');
  });

  it('takes no shipped model whose files are damaged', async () => {
    writeFileSync(join(folder, 'starter', 'ctr', 'starter-1', 'model.onnx'), 'damaged');
    await expect(importStarterModels(shipped, registry)).rejects.toThrow(/model\.onnx of ctr starter-1 is damaged/);
    expect(await registry.list()).toEqual([]);
  });
});
