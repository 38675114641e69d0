import { type Kysely, sql } from 'kysely';
import { contextText, createActorTable } from '../actorTable.js';

/** Orders: customers, the orders as actors, and their lines (5.1, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema orders`.execute(db);

  await sql`
    create table orders.customers (
      customer_id uuid primary key,
      first_name text not null,
      last_name text not null,
      email text not null,
      phone text,
      locale text,
      preferred_currency text,
      country text,
      address jsonb,
      date_registered timestamptz not null default now()
    )`.execute(db);
  await sql`create unique index customers_email on orders.customers (lower(email))`.execute(db);
  await sql`create index customers_newest on orders.customers (date_registered desc, customer_id desc)`.execute(db);

  await createActorTable(db, 'orders.orders', {
    order_number: `text = ${contextText('orderNumber')}`,
    customer_id: `uuid = (${contextText('customerId')})::uuid`,
    subscription_id: `uuid = (${contextText('subscriptionId')})::uuid`,
    // A column of its own and not an expression in the index: an order whose REST status stays need not touch any index.
    rest_status: `text = case split_part(state, '.', 1)
      when 'pending' then 'pending' when 'confirmed' then 'pending'
      when 'paid' then 'processing' when 'fulfilling' then 'processing' when 'shipped' then 'processing'
      when 'delivered' then 'completed' when 'cancelled' then 'cancelled' end`,
    currency: `text = ${contextText('totalAmount', 'currency')}`,
    total_minor: `bigint = (${contextText('totalAmount', 'amount')})::bigint`,
    placed_at: `text = ${contextText('placedAt')}`,
  });
  await sql`
    alter table orders.orders
      alter column order_number set not null,
      alter column rest_status set not null,
      alter column currency set not null,
      alter column total_minor set not null,
      add constraint orders_order_number unique (order_number),
      add constraint orders_total check (total_minor >= 0),
      add constraint orders_customer foreign key (customer_id) references orders.customers`.execute(db);
  await sql`create index orders_customer on orders.orders (customer_id, created_at desc, id desc)`.execute(db);
  await sql`create index orders_newest on orders.orders (created_at desc, id desc)`.execute(db);
  await sql`create index orders_rest_status on orders.orders (rest_status, created_at desc, id desc)`.execute(db);

  await sql`
    create view orders.order_items as
    select o.id as order_id, line.number::integer as line, (item ->> 'productId')::uuid as product_id, item ->> 'sku' as sku,
      item ->> 'productName' as product_name, (item ->> 'quantity')::integer as quantity, o.currency,
      (item #>> '{unitPrice,amount}')::bigint as unit_price_minor, (item #>> '{totalPrice,amount}')::bigint as total_price_minor
    from orders.orders o
    cross join jsonb_array_elements(o.snapshot #> '{context,items}') with ordinality as line (item, number)`.execute(
    db,
  );
}
