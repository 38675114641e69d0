import { type Kysely, sql } from 'kysely';

/** Notification: every message to a person, from the moment it was decided until it left or was given up (2.3, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema notifications`.execute(db);

  // The id follows from source message, channel and recipient, so it is the idempotency key as well.
  await sql`
    create table notifications.notifications (
      notification_id uuid primary key,
      user_id uuid,
      recipient text not null,
      channel text not null check (channel in ('EMAIL', 'SMS', 'PUSH', 'IN_APP')),
      template_id text not null,
      priority text not null check (priority in ('HIGH', 'NORMAL', 'LOW')),
      title text not null,
      message text not null,
      data jsonb not null,
      read_status text not null default 'unread' check (read_status in ('unread', 'read')),
      delivery_status text not null default 'queued' check (delivery_status in ('queued', 'sent', 'failed', 'dead')),
      transport text,
      provider_message_id text,
      attempts integer not null default 0,
      last_error text,
      source_event_id uuid not null,
      source_type text not null,
      correlation_id uuid not null,
      created_at timestamptz not null default now(),
      scheduled_at timestamptz not null,
      queued_at timestamptz not null,
      sent_at timestamptz
    ) with (fillfactor = 80)`.execute(db);
  await sql`create index notifications_user on notifications.notifications (user_id, queued_at desc, notification_id desc)
    where user_id is not null`.execute(db);
  await sql`create index notifications_recipient on notifications.notifications (recipient, queued_at desc, notification_id desc)
    where user_id is null`.execute(db);
  // The newest deliveries, for the metrics; costs next to nothing, since rows lie in the order of time.
  await sql`create index notifications_sent on notifications.notifications using brin (sent_at) with (pages_per_range = 16)`.execute(
    db,
  );
}
