import { type Kysely, sql } from 'kysely';

/** Test clocks, and the customers that are bound to one. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`
    create table runtime.clocks (
      id uuid primary key,
      name text,
      now timestamptz not null,
      target timestamptz,
      created_at timestamptz not null default now(),
      check (target >= now)
    ) with (fillfactor = 50)`.execute(db);
  await sql`create index clocks_advancing on runtime.clocks (id) where target is not null`.execute(db);
  await sql`create index mailbox_clock on runtime.mailbox (clock_id) where clock_id is not null and not deferred`.execute(
    db,
  );
  await sql`create index dead_letters_clock on runtime.dead_letters (clock_id) where clock_id is not null`.execute(db);
  await sql`alter table orders.customers add column clock_id uuid`.execute(db);
}
