import { type Kysely, sql } from 'kysely';

/** What plans allow, what subscribers use of it day by day, and which larger plans were suggested to them (S-08). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`
    alter table subscriptions.plans
      add column usage_unit text,
      add column usage_allowance bigint check (usage_allowance > 0),
      add constraint plans_usage check ((usage_unit is null) = (usage_allowance is null))`.execute(db);
  // By unit, since a subscriber may move to a plan that counts something else.
  await sql`
    create table subscriptions.usage (
      subscription_id uuid not null references subscriptions.subscriptions,
      unit text not null,
      day timestamptz not null check (day = date_trunc('day', day, 'UTC')),
      quantity bigint not null check (quantity > 0),
      primary key (subscription_id, unit, day)
    )`.execute(db);
  // A report that is told again is counted once.
  await sql`
    create table subscriptions.usage_reports (
      report_id uuid primary key,
      counted_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table subscriptions.suggested_upgrades (
      subscription_id uuid not null references subscriptions.subscriptions,
      plan_id uuid not null references subscriptions.plans,
      suggested_at timestamptz not null default now(),
      primary key (subscription_id, plan_id)
    )`.execute(db);
}
