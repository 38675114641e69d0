import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/tables.js';
import { gauge, type Metrics } from './metrics.js';

/** Jobs of each queue by state (`waiting`, `active`, `delayed`, `failed`, …). */
export type QueueDepths = () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;

/** Measures what is waiting where: mailboxes, dead letters, jobs of the queues, and orders by state. */
export function addDepthMetrics(metrics: Metrics, db: Kysely<Database>, queueDepths?: QueueDepths): void {
  const { registry } = metrics;
  const messages = gauge(
    registry,
    'mailbox_messages',
    'Messages in mailboxes; deferred ones wait for their actor to change state.',
    ['queue', 'kind'],
  );
  const oldest = gauge(
    registry,
    'mailbox_oldest_message_seconds',
    'Age of the oldest message that waits to be fetched.',
    ['queue'],
  );
  const dead = gauge(registry, 'dead_letters', 'Messages that were given up and wait for a person.', ['recipient']);
  const timers = gauge(registry, 'timers_overdue', 'Timers whose time has come and that have not fired.', []);
  const jobs = gauge(registry, 'queue_jobs', 'Jobs of each queue by state.', ['queue', 'state']);
  const orders = gauge(registry, 'orders', 'Orders by state.', ['state']);

  metrics.collect(async () => {
    const [mailbox, letters, overdue, depths] = await Promise.all([
      readMailbox(db),
      readDeadLetters(db),
      readOverdueTimers(db),
      queueDepths ? queueDepths() : noDepths,
    ]);
    for (const one of [messages, oldest, dead, jobs]) one.reset();
    for (const row of mailbox) {
      messages.set({ queue: row.queue, kind: 'waiting' }, row.waiting);
      messages.set({ queue: row.queue, kind: 'deferred' }, row.deferred);
      oldest.set({ queue: row.queue }, row.oldest);
    }
    for (const row of letters) dead.set({ recipient: row.recipient }, row.count);
    timers.set(overdue);
    for (const [queue, states] of Object.entries(depths)) {
      for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count);
    }
  }, 2_000);

  metrics.collect(async () => {
    const rows = await readOrders(db);
    orders.reset();
    for (const row of rows) orders.set({ state: row.state }, row.count);
  }, 30_000);
}

const noDepths: Awaited<ReturnType<QueueDepths>> = {};

async function readMailbox(db: Kysely<Database>) {
  const { rows } = await sql<{ queue: string; waiting: number; deferred: number; oldest: number }>`
    select queue, (count(*) filter (where not deferred))::int as waiting, (count(*) filter (where deferred))::int as deferred,
      coalesce(extract(epoch from now() - min(sent_at) filter (where not deferred and clock_id is null)), 0)::float8 as oldest
    from runtime.mailbox group by queue`.execute(db);
  return rows;
}

async function readDeadLetters(db: Kysely<Database>) {
  const { rows } = await sql<{ recipient: string; count: number }>`
    select recipient, count(*)::int as count from runtime.dead_letters group by recipient`.execute(db);
  return rows;
}

async function readOverdueTimers(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from runtime.timers where clock_id is null and due_at < now()`.execute(db);
  return rows[0]?.count ?? 0;
}

// Most orders have ended: those are counted in an index, without reading any.
async function readOrders(db: Kysely<Database>) {
  const { rows } = await sql<{ state: string; count: number }>`
    select state, count(*)::int as count from orders.orders where rest_status in ('pending', 'processing') group by state
    union all
    select case rest_status when 'completed' then 'delivered' else 'cancelled' end, count(*)::int
    from orders.orders where rest_status in ('completed', 'cancelled') group by rest_status`.execute(db);
  return rows;
}
