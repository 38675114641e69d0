import type { Kysely } from 'kysely';
import '../../src/db/tables.all.js';
import type { Database } from '../../src/db/tables.js';

/** Stores an actor as the runtime does, so that a test can look at what its table makes of the snapshot. */
export async function storeActor(
  db: Kysely<Database>,
  table:
    | 'orders.orders'
    | 'payments.payments'
    | 'shipping.shipments'
    | 'subscriptions.subscriptions'
    | 'billing.invoices',
  id: string,
  { state, context, clockId }: { readonly state: string; readonly context: object; readonly clockId?: string },
): Promise<void> {
  const snapshot = JSON.stringify({ value: state, context, status: 'active', armed: {} });
  const row = { version: 1, machine_version: 1, state, snapshot, clock_id: clockId ?? null, updated_at: new Date() };
  await db
    .insertInto(table)
    .values({ id, correlation_id: id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ state, snapshot }))
    .execute();
}
