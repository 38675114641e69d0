import { type Kysely, sql } from 'kysely';

/** Since when the account of a customer is locked (S-23). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table orders.customers add column locked_at timestamptz`.execute(db);
}
