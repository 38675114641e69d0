import { type Kysely, sql } from 'kysely';

/** Fraud Detection: what each payment looked like, how it was scored and why, and the cases that people decide (2.9, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema fraud`.execute(db);

  await sql`
    create table fraud.transaction_features (
      payment_id uuid primary key,
      customer_id uuid,
      ip text,
      device text,
      country text,
      amount_minor bigint not null,
      currency text not null,
      at timestamptz not null
    )`.execute(db);
  // The velocity questions: what has this customer, or this device, done lately?
  await sql`create index transaction_features_customer on fraud.transaction_features (customer_id, at, payment_id)
    where customer_id is not null`.execute(db);
  await sql`create index transaction_features_device on fraud.transaction_features (device, at)
    where device is not null`.execute(db);

  await sql`
    create table fraud.risk_assessments (
      assessment_id uuid primary key,
      payment_id uuid not null unique,
      transaction_id uuid not null unique,
      order_id uuid,
      customer_id uuid,
      score integer not null check (score between 0 and 100),
      level text not null check (level in ('minimal', 'low', 'medium', 'high')),
      recommendation text not null check (recommendation in ('approve', 'review', 'decline')),
      factors jsonb not null,
      decision text not null check (decision in ('APPROVED', 'DECLINED', 'MANUAL_REVIEW')),
      confidence real not null check (confidence between 0 and 1),
      model_version text not null,
      amount_minor bigint not null,
      currency text not null,
      assessed_at timestamptz not null,
      decided_by text not null,
      decided_at timestamptz,
      note text
    )`.execute(db);

  await sql`
    create table fraud.fraud_cases (
      fraud_case_id uuid primary key,
      assessment_id uuid not null references fraud.risk_assessments,
      payment_id uuid not null unique,
      fraud_type text not null,
      severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
      evidence jsonb not null,
      actions jsonb not null,
      status text not null check (status in ('open', 'approved', 'declined', 'expired')),
      reviewer text,
      opened_at timestamptz not null,
      due_at timestamptz,
      closed_at timestamptz
    )`.execute(db);
  await sql`create index fraud_cases_open on fraud.fraud_cases (due_at, fraud_case_id) where status = 'open'`.execute(
    db,
  );
}
