import { type Kysely, sql } from 'kysely';

/**
 * An order and what belongs to it are stored two to four times within a second. With room for it a later version goes into the page of the
 * one before, which is written once, and into no index whose columns did not change.
 */
export async function up(db: Kysely<never>): Promise<void> {
  for (const table of ['orders.orders', 'payments.payments', 'inventory.reservations', 'shipping.shipments'])
    await sql.raw(`alter table ${table} set (fillfactor = 50)`).execute(db);
}
