import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';

/** How many rows of these tables this connection has read so far; the difference between two such looks in one transaction counts. */
export async function rowsRead(db: Kysely<Database>, ...tables: readonly string[]): Promise<number> {
  const { rows } = await sql<{ rows: string }>`
    select sum(seq_tup_read + idx_tup_fetch) as rows from pg_stat_xact_user_tables where relid = any(${tables}::regclass[])`.execute(
    db,
  );
  return Number(rows[0]?.rows);
}
