import { address, decimal, flag, integer, readConfig, serviceVariables } from '@gqr/chassis/config/read-config';
import { z } from 'zod';

const poolKey = z.enum(['prompt', 'query'], 'must be prompt or query');

const schema = z.object({
  ...serviceVariables,
  GQR_GENERATION_ADDRESS: address.describe('gRPC address of generation'),
  GQR_CTR_ADDRESS: address.describe('gRPC address of ctr'),
  GQR_COOCCURRENCE_ADDRESS: address.describe('gRPC address of cooccurrence'),
  GQR_EVENT_LOG: z.string().describe('Path of the event log'),
  GQR_GATEWAY_ID_SECRET: z
    .string()
    .regex(/^(?:[0-9a-f]{2}){32,}$/i, 'must be at least 32 bytes in hex, the same for all replicas and after every restart')
    .describe('Secret under which impression ids are issued, in hex'),
  GQR_CONSOLE_DIR: z.string().optional().describe('Folder with the built console'),
  GQR_GATEWAY_DEFAULT_DEADLINE_MS: integer(100, 600_000).default(10_000).describe('Deadline of callers who set none'),
  GQR_GATEWAY_COOCCURRENCE_MS: integer(1, 60_000).default(150).describe('Most that co-occurrence may take'),
  GQR_GATEWAY_CTR_MS: integer(1, 60_000).default(500).describe('Most that scoring may take'),
  GQR_GATEWAY_LOG_MS: integer(1, 60_000).default(500).describe('Most that logging a recommendation may take'),
  GQR_GATEWAY_MARGIN_MS: integer(0, 10_000).default(25).describe('Kept back of a deadline for the way of the answer'),
  GQR_GATEWAY_GENERATION_PATIENCE_MS: integer(1, 600_000)
    .default(5_000)
    .describe('Time without a list after which generation counts as hanging rather than short of time'),
  GQR_GATEWAY_CIRCUIT_SECONDS: decimal(0.1, 600).default(1).describe('How long calls are kept away from a dependency that is down'),
  GQR_GATEWAY_POOL_SIZE: integer(0, 64).default(4).describe('Lists that generation keeps for a pool key; 0 or 1 writes each anew'),
  GQR_GATEWAY_POOL_KEY: poolKey.default('prompt').describe('What live requests share that draw from the same pool'),
  GQR_GATEWAY_SIMULATED_POOL_SIZE: integer(0, 64).default(4).describe('As GQR_GATEWAY_POOL_SIZE, for simulated traffic'),
  GQR_GATEWAY_SIMULATED_POOL_KEY: poolKey.default('query').describe('As GQR_GATEWAY_POOL_KEY, for simulated traffic'),
  GQR_GATEWAY_SESSION_TASKS: z
    .string()
    .default('hint')
    .transform((value) => new Set(value.split(',').map((id) => id.trim())))
    .describe('Tasks whose lists rest on the session, separated by commas; their pools are always keyed by prompt'),
  GQR_GATEWAY_NEXT_QUERY_ONE_IN: integer(0, 100)
    .default(3)
    .describe('One place in so many goes to a query that users really asked next, where the log is clear about it; 0 gives none'),
  GQR_GATEWAY_NEXT_QUERY_MIN_COUNT: integer(1, 1_000_000).default(3).describe('How often a query must have followed to take such a place'),
  GQR_GATEWAY_SYNC_LISTS: flag
    .default(false)
    .describe('Whether a list waits until the disk has its record, so that it survives loss of power; clicks always do'),
  GQR_GATEWAY_ACCEPT_OCCURRED_AT: flag.default(false).describe('Whether callers may say when something happened'),
  GQR_INGEST_MAX_AHEAD_HOURS: decimal(0, 87_600)
    .default(24)
    .describe("How far ahead of this machine's clock such a moment may be; as for trainer, which sets later events aside"),
  GQR_GATEWAY_MAX_RECOMMENDATIONS: integer(1, 100_000).default(256).describe('Recommendations under way at a time; more are refused'),
  GQR_GATEWAY_MAX_FEEDBACK: integer(1, 100_000).default(1_024).describe('Feedback calls under way at a time; more are refused'),
  GQR_GATEWAY_RECENT_CLICKS: integer(1, 10_000_000).default(100_000).describe('Clicks remembered to count duplicates'),
  GQR_GATEWAY_REFRESH_SECONDS: decimal(0.1, 3_600).default(10).describe('How often tasks and popular queries are fetched anew'),
  GQR_GATEWAY_MAX_MESSAGE_MIB: integer(1, 256).default(24).describe('Largest request; the contract allows 18 MiB'),
});

export type GatewayConfig = z.output<typeof schema>;

export const loadConfig = (): GatewayConfig => readConfig(schema, process.env);
