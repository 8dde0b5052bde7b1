import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RegistryModelStore } from '../src/adapters/registry/registry-model-store.js';
import { FakeModelStore } from './fake-model-store.js';
import { modelStoreContract } from './model-store.contract.js';
import { storedModel } from './sample-model.js';
import { tinyPath, TinyRegistry } from './tiny-model.js';

const opened: TinyRegistry[] = [];
afterAll(() => {
  for (const registry of opened) registry.remove();
});

modelStoreContract('FakeModelStore', async (versions, candidate) => {
  const store = new FakeModelStore();
  store.candidate = candidate;
  for (const version of versions) store.add(version, storedModel(version));
  store.stable = versions.toReversed();
  return store;
});

modelStoreContract('RegistryModelStore', async (versions, candidate) => {
  const registry = new TinyRegistry();
  opened.push(registry);
  for (const version of versions) {
    await registry.publish(version);
    await registry.makeStable(version);
  }
  if (candidate !== undefined) await registry.registry.setChannel({ kind: 'ctr', version: candidate }, 'candidate');
  return new RegistryModelStore(registry.registry);
});

describe('RegistryModelStore', () => {
  const models = new TinyRegistry();
  const store = new RegistryModelStore(models.registry);
  opened.push(models);
  const input = JSON.parse(readFileSync(tinyPath('ctx', 'input.json'), 'utf8')) as Record<string, unknown>;
  const tokenizer = readFileSync(tinyPath('ctx', 'tokenizer.json'), 'utf8');

  beforeAll(async () => {
    await models.publish('sound');
  });

  it('reads how the model wants its input', async () => {
    const { spec, networkPath } = await store.open('sound');
    expect(spec).toMatchObject({ variant: 'ctx', maxLength: 48, maxDomains: 6, unknownTask: 0 });
    expect([...spec.tasks]).toEqual([
      ['clarification', 1],
      ['hint', 2],
      ['suggestion', 3],
    ]);
    expect(networkPath).toBe(models.path('sound', 'model.onnx'));
  });

  it.each([
    ['no-network', { 'model.onnx': undefined }, 'there is no model.onnx'],
    ['no-input', { 'input.json': undefined }, 'input.json'],
    ['no-tokenizer', { 'tokenizer.json': undefined }, 'tokenizer.json'],
    ['no-golden', { 'golden.json': undefined }, 'golden.json'],
    ['other-variant', { 'input.json': JSON.stringify({ ...input, variant: 'other' }) }, 'input.json is not as it should be'],
    ['no-room', { 'input.json': JSON.stringify({ ...input, maxLength: 4 }) }, 'maxLength'],
    ['no-rows', { 'golden.json': '[]' }, 'golden.json is not as it should be'],
    ['half-rows', { 'golden.json': '[{"taskId":"hint","que' }, 'JSON'],
    ['half-vocabulary', { 'tokenizer.json': '{"model":{"type":"WordPiece"' }, 'JSON'],
    ['no-frame', { 'tokenizer.json': tokenizer.replace('"[CLS]"', '"[cls]"') }, '[CLS]'],
  ])('refuses a model whose files are wrong (%s)', async (version, replaced, message) => {
    await models.publish(version, 'ctx', replaced);
    await expect(store.open(version)).rejects.toMatchObject({
      refusal: 'MODEL_DAMAGED',
      message: expect.stringContaining(message) as string,
    });
  });

  it('refuses a model whose files are not those that were published', async () => {
    await models.publish('changed');
    appendFileSync(models.path('changed', 'golden.json'), ' ');
    await expect(store.open('changed')).rejects.toMatchObject({
      refusal: 'MODEL_DAMAGED',
      message: expect.stringContaining('sha256') as string,
    });
    await models.publish('lost');
    rmSync(models.path('lost', 'model.onnx'));
    await expect(store.open('lost')).rejects.toMatchObject({
      refusal: 'MODEL_DAMAGED',
      message: expect.stringContaining('missing') as string,
    });
  });

  it('does not see a version whose writer was killed before its last step', async () => {
    // What a publisher leaves that dies while it copies, and what one would leave that wrote in place.
    mkdirSync(join(models.folder, 'ctr', '.half.123'));
    mkdirSync(models.path('half', '.'));
    for (const folder of ['.half.123', 'half'])
      writeFileSync(models.path(folder, 'model.onnx'), readFileSync(tinyPath('ctx', 'model.onnx')));
    for (const version of ['half', '.half.123']) await expect(store.open(version)).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
  });

  it.each(['../ctr/sound', '/etc/passwd', '..', 'Sound', ''])('takes version %j for one that does not exist', async (version) => {
    await expect(store.open(version)).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
  });

  it('says so when the channel is damaged', async () => {
    mkdirSync(join(models.folder, 'channels'), { recursive: true });
    writeFileSync(join(models.folder, 'channels', 'ctr.stable.json'), '{"version":');
    await expect(store.stableVersions()).rejects.toMatchObject({ name: 'ModelRefusedError', refusal: 'MODEL_DAMAGED' });
  });

  it('has no stable version where there is no registry', async () => {
    const nowhere = new RegistryModelStore(new DirectoryRegistry('/nowhere/at/all'));
    expect(await nowhere.stableVersions()).toEqual([]);
    await expect(nowhere.open('sound')).rejects.toMatchObject({ refusal: 'MODEL_NOT_FOUND' });
  });
});
