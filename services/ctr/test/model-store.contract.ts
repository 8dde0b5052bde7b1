import { describe, expect, it } from 'vitest';
import type { ModelStore } from '../src/domain/model/model-store.js';

/** What every model store does, wherever models are kept. `open` gives one with these sound versions, each of which was stable in turn, and this candidate. */
export function modelStoreContract(name: string, open: (versions: readonly string[], candidate?: string) => Promise<ModelStore>): void {
  describe(`${name} as a model store`, () => {
    it('names the stable version and those before it, the latest first', async () => {
      const store = await open(['v1', 'v2', 'v3']);
      expect(await store.stableVersions()).toEqual(['v3', 'v2', 'v1']);
    });

    it('names none where none was ever stable', async () => {
      const store = await open([]);
      expect(await store.stableVersions()).toEqual([]);
    });

    it('names the candidate, and refuses to where there is none', async () => {
      const store = await open(['v1', 'v2'], 'v2');
      expect(await store.candidateVersion()).toBe('v2');
      const without = await open(['v1']);
      await expect(without.candidateVersion()).rejects.toMatchObject({ name: 'ModelRefusedError', refusal: 'MODEL_NOT_FOUND' });
    });

    it('brings a version with at least one golden row that its own tokenizer reproduces', async () => {
      const store = await open(['v1', 'v2']);
      const { version, spec, tokenizer, golden } = await store.open('v1');
      expect(version).toBe('v1');
      expect(golden.length).toBeGreaterThan(0);
      expect(golden[0]?.inputIds.slice(1, 3)).toEqual(tokenizer.encode(golden[0]?.query ?? '').slice(0, 2));
      expect([...spec.tasks.values()]).not.toContain(spec.unknownTask);
    });

    it('refuses a version that does not exist', async () => {
      const store = await open(['v1']);
      await expect(store.open('v9')).rejects.toMatchObject({ name: 'ModelRefusedError', refusal: 'MODEL_NOT_FOUND' });
    });
  });
}
