import type { Kysely } from 'kysely';
import '../../src/db/tables.all.js';
import type { Database } from '../../src/db/tables.js';
import { saveActors } from '../../src/runtime/writes.js';
import { actors } from '../../src/services/registry.js';

/** Stores an actor as the runtime does, a new one or over what is there, so that a test can look at what its table makes of it. */
export async function storeActor(
  db: Kysely<Database>,
  table:
    | 'orders.orders'
    | 'payments.payments'
    | 'shipping.shipments'
    | 'subscriptions.subscriptions'
    | 'billing.invoices',
  id: string,
  stored: {
    readonly state: string;
    readonly context: object;
    readonly clockId?: string;
    readonly correlationId?: string;
  },
): Promise<void> {
  const { state, context, clockId = null, correlationId = id } = stored;
  const actor = Object.values(actors).find((one) => one.table === table);
  if (!actor) throw new Error(`no actor is kept in ${table}`);
  const row = await db.selectFrom(table).select('version').where('id', '=', id).executeTakeFirst();
  const before = row?.version ?? null;
  const snapshot = { value: state, context: context as Record<string, unknown>, status: 'active', armed: {} };
  const write = { id, before, version: before ?? 1, state, snapshot, clockId, correlationId };
  await saveActors(db, actor, [{ ...write, at: new Date().toISOString() }]);
}
