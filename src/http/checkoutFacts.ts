import { type Kysely, sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';

/** What the edge must know of a customer before it takes an order. */
export interface CheckoutFacts {
  readonly customerSince: string;
  /** Orders that were paid before, counted up to 100: for fraud detection, more is no different. */
  readonly previousOrders: number;
  /** Seconds until another order may be placed; 0 when it may be now. */
  readonly retryAfterSeconds: number;
}

/** How many orders, and so payments, a customer may start in an hour. */
export const hourlyOrders = 10;

/** Reads the facts about customers, null for one that there is not; in the order of the ids. */
export async function checkoutFacts(
  db: Kysely<Database>,
  customerIds: readonly string[],
): Promise<(CheckoutFacts | null)[]> {
  const { rows } = await sql<{
    customer_id: string;
    since: Date;
    previous: number;
    retry_after: number | null;
  }>`/* prepared */
    select c.customer_id, c.date_registered as since,
      (select count(*)::int from (
        select from orders.orders o where o.customer_id = c.customer_id
          and o.rest_status in ('processing', 'completed') limit 100) paid) as previous,
      (select ceil(extract(epoch from o.created_at + interval '1 hour' - theirs.now))::int
        from orders.orders o where o.customer_id = c.customer_id and o.created_at > theirs.now - interval '1 hour'
        order by o.created_at desc offset ${hourlyOrders}::int - 1 limit 1) as retry_after
    from orders.customers c left join runtime.clocks k on k.id = c.clock_id cross join lateral (select coalesce(k.now, now()) as now) theirs
    where c.customer_id = any(${uuids(customerIds)})`.execute(db);
  const known = new Map(
    rows.map((row) => [
      row.customer_id,
      {
        customerSince: row.since.toISOString(),
        previousOrders: row.previous,
        retryAfterSeconds: Math.max(0, row.retry_after ?? 0),
      },
    ]),
  );
  return customerIds.map((id) => known.get(id) ?? null);
}
