import { type Kysely, sql } from 'kysely';

/** Who has had the trial of which plan, so that nobody has it twice; the subscriptions that there are count. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`
    create table subscriptions.trials (
      customer_id uuid not null,
      plan_id uuid not null references subscriptions.plans,
      subscription_id uuid not null,
      claimed_at timestamptz not null default now(),
      primary key (customer_id, plan_id)
    )`.execute(db);
  await sql`
    insert into subscriptions.trials (customer_id, plan_id, subscription_id, claimed_at)
    select distinct on (customer_id, plan_id) customer_id, plan_id, id, created_at
    from subscriptions.subscriptions
    where plan_id is not null and (snapshot #>> '{context,trialDays}')::int > 0
    order by customer_id, plan_id, created_at`.execute(db);
}
