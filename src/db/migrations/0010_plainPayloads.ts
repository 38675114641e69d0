import { type Kysely, sql } from 'kysely';

/**
 * Payloads are written and read whole, so they are kept as they were written instead of taken apart (npm run bench: a journal row
 * costs PostgreSQL 13 µs instead of 32); snapshots up to a page are kept in their row as they are instead of compressed at every write.
 */
export async function up(db: Kysely<never>): Promise<void> {
  for (const table of ['mailbox', 'journal', 'event_log', 'dead_letters'])
    await sql`alter table ${sql.raw(`runtime.${table}`)} alter column data type json`.execute(db);
  for (const table of actorTables) await sql`alter table ${sql.raw(table)} set (toast_tuple_target = 8160)`.execute(db);
}

const actorTables = [
  'orders.orders',
  'payments.payments',
  'inventory.reservations',
  'shipping.shipments',
  'subscriptions.subscriptions',
  'billing.invoices',
];
