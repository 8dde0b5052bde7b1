import { z } from 'zod';

/** Thrown at start when the environment does not fit; names every bad variable at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Parses the environment into a typed object. The schema's keys are the variables' names.
 * @throws ConfigError listing every variable that is wrong, with what is expected of it
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: Record<string, string | undefined>): z.output<S> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || '(environment)'}: ${issue.message}`);
  throw new ConfigError(`The configuration is wrong. Set these environment variables right:\n${lines.join('\n')}`);
}

/** "host:port", for listening or for connecting. */
export const address = z
  .string()
  .regex(/^.+:\d{1,5}$/, 'must be host:port, for example 127.0.0.1:50051')
  .refine((value) => Number(value.slice(value.lastIndexOf(':') + 1)) <= 65535, 'the port must be at most 65535');

/** An integer within bounds, written in decimal. */
export const integer = (min: number, max: number) => z.coerce.number<string>().int().min(min).max(max);

/** A number within bounds. */
export const decimal = (min: number, max: number) => z.coerce.number<string>().min(min).max(max);

/** "true" or "false". */
export const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

/** Variables that every service has. */
export const serviceVariables = {
  GQR_GRPC_LISTEN: address.describe('Where gRPC listens'),
  GQR_HTTP_LISTEN: address.describe('Where HTTP listens: /livez, /readyz, /metrics'),
  GQR_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged'),
  GQR_DRAIN_SECONDS: integer(0, 600).default(10).describe('Longest time that calls under way get at shutdown'),
};
