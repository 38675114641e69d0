import { type Kysely, sql } from 'kysely';
import { contextText, createActorTable } from '../actorTable.js';

/** Payments: the actors, the log of what providers answered, and where each charge was sent (5.3, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema payments`.execute(db);
  await createPayments(db);
  await createTransactions(db);

  // A charge goes to one provider only, for good: whoever asks about it again must ask there (invariant 5).
  await sql`
    create table payments.charge_routes (
      idempotency_key text primary key,
      payment_id uuid not null,
      gateway text not null,
      routed_at timestamptz not null default now()
    )`.execute(db);
}

async function createPayments(db: Kysely<never>): Promise<void> {
  await createActorTable(db, 'payments.payments', {
    order_id: `uuid = (${contextText('orderId')})::uuid`,
    customer_id: `uuid = (${contextText('customerId')})::uuid`,
    amount_minor: `bigint = (${contextText('amount', 'amount')})::bigint`,
    currency: `text = ${contextText('amount', 'currency')}`,
    captured_minor: `bigint = (${contextText('charge', 'amount')})::bigint`,
    refunded_minor: `bigint = (${contextText('refunded')})::bigint`,
  });
  await sql`
    alter table payments.payments
      add check (amount_minor > 0),
      add check (currency ~ '^[A-Z]{3}$'),
      add check (refunded_minor between 0 and coalesce(captured_minor, 0))`.execute(db);
  await sql`create index payments_order on payments.payments (order_id) where order_id is not null`.execute(db);
  // Also answers how often a customer tried to pay within the hour.
  await sql`create index payments_customer on payments.payments (customer_id, created_at)
    where customer_id is not null`.execute(db);
}

async function createTransactions(db: Kysely<never>): Promise<void> {
  await sql`
    create table payments.transactions (
      transaction_id uuid primary key,
      payment_id uuid not null references payments.payments,
      type text not null check (type in ('Authorize', 'Capture', 'Sale', 'Refund', 'Void', 'Verify')),
      gateway text not null,
      gateway_reference_id text,
      idempotency_key text not null,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      status text not null check (status in ('Success', 'Failure', 'Pending')),
      response_code text,
      response_message text,
      processed_at timestamptz not null default now(),
      unique (gateway, gateway_reference_id, type)
    )`.execute(db);
  await sql`create index transactions_payment on payments.transactions (payment_id)`.execute(db);
  await sql`
    create function payments.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'payments.transactions is a log: rows are only added';
    end $$`.execute(db);
  await sql`
    create trigger transactions_are_immutable before update or delete on payments.transactions
    for each row execute function payments.refuse_change()`.execute(db);
}
