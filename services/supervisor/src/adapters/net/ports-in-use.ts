import { createServer } from 'node:net';
import type { ServicePlan } from '../../domain/service-plan.js';

/** An address that a service should listen on and that it cannot have. */
export interface RefusedAddress {
  readonly service: string;
  readonly address: string;
  /** Code of the system error, such as EADDRINUSE. */
  readonly code: string;
}

async function refusal(address: string): Promise<string | undefined> {
  const split = address.lastIndexOf(':');
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.slice(0, split), port: Number(address.slice(split + 1)), exclusive: true }, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** Addresses among those that the services will listen on that cannot be had, in their order. */
export async function findRefused(plans: readonly ServicePlan[]): Promise<RefusedAddress[]> {
  const found: RefusedAddress[] = [];
  for (const { name, environment } of plans) {
    for (const address of [environment['GQR_HTTP_LISTEN'], environment['GQR_GRPC_LISTEN']]) {
      if (address === undefined) continue;
      const code = await refusal(address);
      if (code !== undefined) found.push({ service: name, address, code });
    }
  }
  return found;
}
