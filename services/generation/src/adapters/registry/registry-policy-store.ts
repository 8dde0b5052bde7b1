import { messageOf } from '@gqr/chassis/errors';
import type { ModelRegistry } from '@gqr/chassis/registry/registry';
import { z } from 'zod';
import { UnusablePolicyError } from '../../domain/errors.js';
import type { PolicyArtefact } from '../../domain/backend/language-backend.js';
import type { PolicyStore } from '../../domain/policies/policy-set.js';

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
      return { taskId, version, folder: path, baseModelSha256: parsed.data.baseModelSha256 };
    } catch (error) {
      throw new UnusablePolicyError(`policy ${version} of ${taskId} cannot be used: ${messageOf(error)}`);
    }
  }
}

function kindOf(taskId: string): string {
  return `policy.${taskId}`;
}
