import type { DescService } from '@bufbuild/protobuf';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { addressOf, type GivenAddresses, type ServiceName } from './addresses.js';
import type { ExitCode } from './exit-code.js';
import type { Terminal } from './terminal/terminal.js';

/** What every command works with. */
export interface Context {
  readonly terminal: Terminal;
  /** Folder of the state of a GQR on this machine. */
  readonly dataDir: string;
  readonly addresses: GivenAddresses;
  /** Milliseconds that a single call may take. */
  readonly timeoutMs: number;
  /** Told when the user presses Ctrl-C; returns what ends it. */
  readonly onInterrupt: (listener: () => void) => () => void;
  /** Asks a yes-no question on the terminal; undefined where nobody can answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
}

/** A command's work. Its errors are shown by whoever runs it. */
export type Action = (context: Context) => Promise<ExitCode>;

/** Calls one service; the connection is closed afterwards. */
export async function withService<S extends DescService, T>(
  context: Context,
  name: ServiceName,
  service: S,
  work: (client: GrpcClient<S>) => Promise<T>,
): Promise<T> {
  const client = grpcClient(service, addressOf(name, context.addresses, context.dataDir));
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Limits of a single call. */
export function inTime(context: Context): { deadline: number } {
  return { deadline: Date.now() + context.timeoutMs };
}
