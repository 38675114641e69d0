import { type Kysely, sql } from 'kysely';

/** The engine's own tables: mailbox, journal, timers, dead letters, event log, publisher, idempotency keys. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema runtime`.execute(db);

  await sql`
    create table runtime.mailbox (
      seq bigint generated always as identity primary key,
      id uuid not null,
      recipient text not null,
      actor_id uuid not null,
      type text not null,
      data jsonb not null,
      source text not null,
      correlation_id uuid not null,
      causation_id uuid,
      clock_id uuid,
      queue text not null,
      sent_at timestamptz not null,
      wake_at timestamptz not null,
      deferred boolean not null default false,
      attempts integer not null default 0,
      lease_until timestamptz,
      in_doubt boolean not null default false,
      last_error text
    ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)`.execute(db);
  await sql`create index mailbox_actor on runtime.mailbox (actor_id, recipient)`.execute(db);
  await sql`create index mailbox_wake on runtime.mailbox (wake_at) where not deferred`.execute(db);

  // Partitioned by month so that retention drops a partition instead of deleting rows; the default one catches the rest.
  await sql`
    create table runtime.journal (
      seq bigint generated always as identity,
      recipient text not null,
      actor_id uuid not null,
      version integer,
      machine_version integer,
      message_id uuid not null,
      type text not null,
      data jsonb not null,
      correlation_id uuid not null,
      causation_id uuid,
      state_before text,
      state_after text,
      outcome text not null,
      reason text,
      at timestamptz not null
    ) partition by range (at)`.execute(db);
  await sql`create table runtime.journal_default partition of runtime.journal default`.execute(db);
  await sql`create index journal_actor on runtime.journal (actor_id, recipient, version)`.execute(db);
  await sql`create index journal_correlation on runtime.journal (correlation_id)`.execute(db);

  await sql`
    create table runtime.timers (
      recipient text not null,
      actor_id uuid not null,
      name text not null,
      visit integer not null,
      due_at timestamptz not null,
      clock_id uuid,
      correlation_id uuid not null,
      causation_id uuid not null,
      primary key (actor_id, recipient, name)
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)`.execute(db);
  await sql`create index timers_due on runtime.timers (due_at) where clock_id is null`.execute(db);
  await sql`create index timers_clock on runtime.timers (clock_id, due_at) where clock_id is not null`.execute(db);

  await sql`
    create table runtime.dead_letters (
      seq bigint primary key,
      id uuid not null,
      recipient text not null,
      actor_id uuid not null,
      type text not null,
      data jsonb not null,
      source text not null,
      correlation_id uuid not null,
      causation_id uuid,
      clock_id uuid,
      queue text not null,
      sent_at timestamptz not null,
      attempts integer not null,
      error text not null,
      died_at timestamptz not null default now()
    )`.execute(db);

  // xid lets the publisher read in commit-safe order: a row is only read once no older transaction can still add one before it.
  await sql`
    create table runtime.event_log (
      seq bigint generated always as identity,
      xid xid8 not null default pg_current_xact_id(),
      id uuid not null,
      channel text not null,
      type text not null,
      version text not null,
      source text not null,
      subject uuid not null,
      data jsonb not null,
      correlation_id uuid not null,
      causation_id uuid,
      time timestamptz not null
    ) partition by range (time)`.execute(db);
  await sql`create table runtime.event_log_default partition of runtime.event_log default`.execute(db);
  await sql`create index event_log_order on runtime.event_log (xid, seq)`.execute(db);
  await sql`create index event_log_subject on runtime.event_log (subject)`.execute(db);

  await sql`
    create table runtime.publisher (
      id integer primary key check (id = 1),
      xid xid8 not null,
      seq bigint not null,
      positions jsonb not null
    )`.execute(db);
  await sql`insert into runtime.publisher values (1, '0', 0, '{}')`.execute(db);

  await sql`
    create table runtime.idempotency_keys (
      principal text not null,
      key text not null,
      request_hash text not null,
      resource_id uuid not null,
      status integer,
      headers jsonb,
      body text,
      claimed_at timestamptz not null default now(),
      primary key (principal, key)
    )`.execute(db);
  await sql`create index idempotency_age on runtime.idempotency_keys (claimed_at)`.execute(db);

  // What happened stays as it was written; retention drops whole partitions.
  await sql`
    create function runtime.refuse_change() returns trigger language plpgsql as $$
    begin raise exception '% is append-only', tg_table_name; end $$`.execute(db);
  for (const table of ['journal', 'event_log']) {
    await sql`
      create trigger append_only before update or delete on ${sql.raw(`runtime.${table}`)}
      for each row execute function runtime.refuse_change()`.execute(db);
  }
}
