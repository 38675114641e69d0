import { sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Trx } from './ports.js';

/** What time it is on test clocks, by id. None of them moves until the transaction ends, so that nothing is set in its past. */
export async function readClocks(trx: Trx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; now: Date }>`/* prepared */
    select id, now from runtime.clocks where id = any(${uuids(ids)}) for share`.execute(trx);
  return new Map(rows.map(({ id, now }) => [id, now.toISOString()]));
}
