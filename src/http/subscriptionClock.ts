import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/tables.js';

/** What time it is for a subscription: by its test clock, else by the database's, which decides what is due. */
export async function instantOf(db: Kysely<Database>, subscriptionId: string): Promise<string> {
  const { rows } = await sql<{ now: Date }>`
    select coalesce(k.now, clock_timestamp()) as now from subscriptions.subscriptions s
    left join runtime.clocks k on k.id = s.clock_id where s.id = ${subscriptionId}`.execute(db);
  return (rows[0]?.now ?? new Date()).toISOString();
}
