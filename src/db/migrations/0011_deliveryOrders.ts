import { type Kysely, sql } from 'kysely';

/** Finds the orders that a subscription placed. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create index orders_subscription on orders.orders (subscription_id, created_at desc, id desc)
    where subscription_id is not null`.execute(db);
}
