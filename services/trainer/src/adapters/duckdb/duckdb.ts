import { mkdirSync } from 'node:fs';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface DuckDbOptions {
  /** Most memory that DuckDB takes, such as "512MB"; what needs more goes to disk. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Folder for what does not fit into memory. */
  readonly temporaryFolder: string;
}

/** A DuckDB without a database file: it reads and writes Parquet. It is opened when it is first needed. */
export class DuckDb {
  private instance: Promise<DuckDBInstance> | undefined;

  constructor(private readonly options: DuckDbOptions) {}

  /** Runs `work` on a connection of its own, so that temporary tables and views end with it; interrupts it when `signal` aborts. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.instance ??= this.open();
    const connection = await (await this.instance).connect();
    const interrupt = (): void => {
      connection.interrupt();
    };
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      return await work(connection);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
      connection.closeSync();
    }
  }

  private async open(): Promise<DuckDBInstance> {
    const { memoryLimit, threads, temporaryFolder } = this.options;
    mkdirSync(temporaryFolder, { recursive: true });
    // 70 MB of native code, which a trainer that has nothing to do need not load.
    const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
    return Instance.create(':memory:', {
      memory_limit: memoryLimit,
      threads: String(threads),
      temp_directory: temporaryFolder,
      // Everything that is used is built in; nothing is fetched from anywhere.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
  }
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
