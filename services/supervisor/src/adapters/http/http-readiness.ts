import type { ReadinessProbe } from '../../domain/supervised-service.js';
import type { ServicePlan } from '../../domain/service-plan.js';

const TIMEOUT_MS = 2_000;

function reasonsIn(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('pending' in body)) return '';
  const { pending } = body;
  return typeof pending === 'object' && pending !== null ? Object.values(pending).map(String).join(', ') : '';
}

/** Asks GET /readyz. */
export class HttpReadiness implements ReadinessProbe {
  async pending(plan: ServicePlan): Promise<string | undefined> {
    try {
      const response = await fetch(`http://${plan.http}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.ok) {
        await response.body?.cancel();
        return undefined;
      }
      return reasonsIn(await response.json());
    } catch {
      return ''; // it does not listen yet
    }
  }
}
