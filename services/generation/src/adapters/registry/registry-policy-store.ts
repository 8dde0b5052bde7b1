import { messageOf } from '@gqr/chassis/errors';
import type { ModelRegistry } from '@gqr/chassis/registry/registry';
import { join } from 'node:path';
import { z } from 'zod';
import { UnusablePolicyError } from '../../domain/errors.js';
import type { PolicyArtefact, PolicyStore } from '../../domain/policies/policy-set.js';

/** Adapter for llama.cpp within a policy's folder; the same weights lie beside it in PEFT's format. */
const ADAPTER = 'adapter.gguf';
const STABLE = 'stable';

const config = z.object({ task: z.string(), baseModelSha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** Policies as the model registry keeps them: kind `policy.<task>`. */
export class RegistryPolicyStore implements PolicyStore {
  constructor(private readonly registry: ModelRegistry) {}

  async stable(taskId: string): Promise<string | undefined> {
    return this.registry.channel(kindOf(taskId), STABLE);
  }

  async fetch(taskId: string, version: string): Promise<PolicyArtefact> {
    try {
      const { manifest, path } = await this.registry.fetch({ kind: kindOf(taskId), version });
      const parsed = config.safeParse(manifest.config);
      if (!parsed.success) throw new UnusablePolicyError(`its manifest says neither task nor base model: ${z.prettifyError(parsed.error)}`);
      if (parsed.data.task !== taskId) throw new UnusablePolicyError(`it was trained for task ${parsed.data.task}`);
      if (!manifest.files.some(({ name }) => name === ADAPTER))
        throw new UnusablePolicyError(`it has no ${ADAPTER}; export it for llama.cpp`);
      return { taskId, version, adapterPath: join(path, ADAPTER), baseModelSha256: parsed.data.baseModelSha256 };
    } catch (error) {
      throw new UnusablePolicyError(`policy ${version} of ${taskId} cannot be used: ${messageOf(error)}`);
    }
  }
}

function kindOf(taskId: string): string {
  return `policy.${taskId}`;
}
