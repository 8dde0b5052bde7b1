import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { ImportLedger } from '../../domain/ingest/import-events.js';

/** 16 bytes of an id's hash: ids may be long, and a collision would take more events than there are. */
const keyOf = (id: string): Buffer => createHash('sha256').update(id).digest().subarray(0, 16);

/** Ids of imported events in the trainer's database, some 25 bytes each. */
export class SqliteImportLedger implements ImportLedger {
  constructor(private readonly db: DatabaseSync) {}

  unknown(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const find = this.db.prepare('SELECT 1 FROM imported WHERE id = ?');
    return Promise.resolve(new Set(ids.filter((id) => find.get(keyOf(id)) === undefined)));
  }

  add(ids: readonly string[]): Promise<void> {
    const insert = this.db.prepare('INSERT INTO imported (id) VALUES (?) ON CONFLICT DO NOTHING');
    this.db.exec('BEGIN IMMEDIATE');
    try {
      for (const id of ids) insert.run(keyOf(id));
      this.db.exec('COMMIT');
    } catch (error) {
      this.db.exec('ROLLBACK');
      throw error;
    }
    return Promise.resolve();
  }
}
