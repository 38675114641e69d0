import { type Kysely, sql } from 'kysely';

/**
 * Snapshots are written and read whole, too, so they are kept as they were written (npm run bench: 44 µs instead of 67 for one of 2 KB). The columns
 * that people query are written beside them by the runtime: taken from plain JSON by PostgreSQL each of them would cost as much again.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`drop view orders.order_items`.execute(db);
  await sql`alter table subscriptions.subscriptions drop column ends_at`.execute(db);
  for (const [table, columns] of Object.entries(written)) {
    const changes = columns.map((column) => `alter column ${column} drop expression`);
    await sql.raw(`alter table ${table} ${changes.join(', ')}`).execute(db);
    await sql.raw(`alter table ${table} alter column snapshot type json`).execute(db);
  }
  await sql`
    alter table payments.payments
      alter column amount_minor set not null, alter column currency set not null, alter column refunded_minor set not null`.execute(
    db,
  );
  await sql`alter table billing.invoices alter column refunded_minor set not null`.execute(db);
  await sql`alter table subscriptions.subscriptions add column cancels_at text`.execute(db);
  await sql`update subscriptions.subscriptions set cancels_at = snapshot #>> '{context,cancellation,effectiveAt}'`.execute(
    db,
  );
  await sql`
    alter table subscriptions.subscriptions add column ends_at text generated always as (
      coalesce(cancels_at, case when state in ('suspended', 'expired') then period_end end)) stored`.execute(db);
  await sql`
    create view orders.order_items as
    select o.id as order_id, line.number::integer as line, (item ->> 'productId')::uuid as product_id, item ->> 'sku' as sku,
      item ->> 'productName' as product_name, (item ->> 'quantity')::integer as quantity, o.currency,
      (item #>> '{unitPrice,amount}')::bigint as unit_price_minor, (item #>> '{totalPrice,amount}')::bigint as total_price_minor
    from orders.orders o
    cross join json_array_elements(o.snapshot #> '{context,items}') with ordinality as line (item, number)`.execute(db);
}

/** The columns that follow from the context; those that follow from the state go on to be generated. */
const written: Readonly<Record<string, readonly string[]>> = {
  'orders.orders': ['order_number', 'customer_id', 'subscription_id', 'currency', 'total_minor', 'placed_at'],
  'payments.payments': ['order_id', 'customer_id', 'amount_minor', 'currency', 'captured_minor', 'refunded_minor'],
  'inventory.reservations': ['expires_at'],
  'shipping.shipments': ['order_id', 'customer_id', 'warehouse_id', 'carrier', 'tracking_number'],
  'subscriptions.subscriptions': ['customer_id', 'kind', 'plan_id', 'period_start', 'period_end', 'started_at'],
  'billing.invoices': [
    'invoice_number',
    'subscription_id',
    'customer_id',
    'currency',
    'total_minor',
    'refunded_minor',
  ].concat('issued_at', 'due_at', 'paid_at'),
};
