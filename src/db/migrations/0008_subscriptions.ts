import { type Kysely, sql } from 'kysely';
import { contextText, createActorTable } from '../actorTable.js';

/** Subscription and Billing: the plans that are for sale, the subscriptions and invoices as actors, and the invoice numbers (5.4, 8.3, 8.6). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema subscriptions`.execute(db);
  await sql`create schema billing`.execute(db);
  await createPlans(db);
  await createSubscriptions(db);
  await createInvoices(db);

  // The next number is the last one and one more, taken under the row's lock by the transaction that uses it: no number is
  // given twice, and none is lost when that transaction is rolled back.
  await sql`
    create table billing.number_series (
      series text not null check (series in ('invoice', 'creditNote')),
      year integer not null,
      last_number integer not null check (last_number > 0),
      primary key (series, year)
    )`.execute(db);
}

async function createPlans(db: Kysely<never>): Promise<void> {
  await sql`
    create table subscriptions.plans (
      plan_id uuid primary key,
      name text not null,
      price_minor bigint not null check (price_minor > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      billing_cycle text not null check (billing_cycle in ('daily', 'weekly', 'monthly', 'quarterly', 'annual')),
      interval_count integer not null check (interval_count > 0),
      trial_days integer not null check (trial_days >= 0),
      tax_region text not null,
      created_at timestamptz not null default now(),
      retired_at timestamptz
    )`.execute(db);
  await sql`create index plans_newest on subscriptions.plans (created_at desc, plan_id desc)`.execute(db);
}

async function createSubscriptions(db: Kysely<never>): Promise<void> {
  await createActorTable(db, 'subscriptions.subscriptions', {
    customer_id: `uuid = (${contextText('customerId')})::uuid`,
    kind: `text = ${contextText('terms', 'kind')}`,
    plan_id: `uuid = (${contextText('terms', 'plan', 'planId')})::uuid`,
    // The database’s vocabulary of 8.3.
    status: `text = case split_part(state, '.', 1)
      when 'pending' then 'PENDING' when 'trialing' then 'TRIAL' when 'active' then 'ACTIVE' when 'cancelScheduled' then 'ACTIVE'
      when 'pastDue' then 'PAST_DUE' when 'grace' then 'PAST_DUE' when 'suspended' then 'SUSPENDED' when 'paused' then 'PAUSED'
      when 'cancelled' then 'CANCELLED' when 'expired' then 'EXPIRED' when 'failed' then 'EXPIRED' end`,
    period_start: `text = ${contextText('period', 'start')}`,
    period_end: `text = ${contextText('period', 'end')}`,
  });
  await sql`
    alter table subscriptions.subscriptions
      alter column customer_id set not null,
      alter column kind set not null,
      alter column status set not null,
      add constraint subscriptions_plan foreign key (plan_id) references subscriptions.plans`.execute(db);
  await sql`create index subscriptions_customer on subscriptions.subscriptions (customer_id, created_at desc, id desc)`.execute(
    db,
  );
  await sql`create index subscriptions_plan on subscriptions.subscriptions (plan_id) where plan_id is not null`.execute(
    db,
  );
}

async function createInvoices(db: Kysely<never>): Promise<void> {
  await createActorTable(db, 'billing.invoices', {
    invoice_number: `text = ${contextText('number')}`,
    subscription_id: `uuid = (${contextText('subscriptionId')})::uuid`,
    customer_id: `uuid = (${contextText('customerId')})::uuid`,
    currency: `text = ${contextText('currency')}`,
    total_minor: `bigint = (${contextText('total')})::bigint`,
    refunded_minor: `bigint = (${contextText('refunded')})::bigint`,
    issued_at: `text = ${contextText('issuedAt')}`,
    due_at: `text = ${contextText('dueAt')}`,
    paid_at: `text = ${contextText('paidAt')}`,
  });
  await sql`
    alter table billing.invoices
      alter column customer_id set not null,
      alter column currency set not null,
      alter column total_minor set not null,
      add constraint invoices_number unique (invoice_number),
      add constraint invoices_amounts check (total_minor >= 0 and refunded_minor between 0 and total_minor)`.execute(
    db,
  );
  await sql`create index invoices_subscription on billing.invoices (subscription_id, created_at desc, id desc)
    where subscription_id is not null`.execute(db);
  await sql`create index invoices_customer on billing.invoices (customer_id, created_at desc, id desc)`.execute(db);
}
