import { type Kysely, sql } from 'kysely';
import { contextText, createActorTable } from '../actorTable.js';

/** Shipping: the parcels as actors, and the books of the built-in carrier (5.5, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema shipping`.execute(db);

  await createActorTable(db, 'shipping.shipments', {
    order_id: `uuid = (${contextText('orderId')})::uuid`,
    customer_id: `uuid = (${contextText('customerId')})::uuid`,
    warehouse_id: `uuid = (${contextText('warehouseId')})::uuid`,
    carrier: `text = ${contextText('carrier')}`,
    tracking_number: `text = ${contextText('trackingNumber')}`,
    status: `text = case state
      when 'created' then 'created' when 'dispatched' then 'dispatched' when 'inTransit' then 'in_transit'
      when 'deliveryFailed' then 'delivery_failed' when 'delivered' then 'delivered' when 'cancelled' then 'cancelled'
      else 'pending' end`,
  });
  await sql`
    alter table shipping.shipments alter column order_id set not null, alter column warehouse_id set not null`.execute(
    db,
  );
  await sql`create index shipments_order on shipping.shipments (order_id)`.execute(db);

  // Stands for the memory of a system outside: only the built-in carrier reads or writes it, in transactions of its own.
  await sql`
    create table shipping.carrier_bookings (
      idempotency_key text primary key,
      shipment_id uuid not null,
      carrier text not null,
      tracking_number text not null unique,
      label_url text not null,
      cost_minor bigint not null check (cost_minor >= 0),
      currency text not null,
      estimated_delivery timestamptz not null,
      booked_at timestamptz not null default now(),
      voided_at timestamptz
    )`.execute(db);
}
